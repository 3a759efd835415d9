// Cloning a repository: git runs as a process, so that it waits for no command, with nothing of the caller in its text.
import { HoldfastError } from '../protocol/index.ts';
import type { Sandbox } from '../sandbox.ts';

export interface GitCheckoutOptions {
  /** The one that the repository names unless given. */
  branch?: string;
  /** From the session's cwd; the repository's name unless given. */
  targetDir?: string;
  sessionId?: string;
  /** Commits of history; all unless given. */
  depth?: number;
  /** Milliseconds. */
  cloneTimeoutMs?: number;
  signal?: AbortSignal;
}

export interface GitCheckoutResult {
  success: true;
  repoUrl: string;
  branch: string;
  targetDir: string;
  /** ISO 8601. */
  timestamp: string;
}

/** The values are in its environment. What it says last is where the clone is, and its branch. */
const CLONE = `
command git clone --quiet \${CLONE_BRANCH:+--branch="$CLONE_BRANCH"} \${CLONE_DEPTH:+--depth="$CLONE_DEPTH"} -- \\
  "$CLONE_URL" "$CLONE_DIR" || exit
cd -- "$CLONE_DIR" && pwd && command git rev-parse --abbrev-ref HEAD
`;

/** Throws `INVALID_REQUEST` with what git said where it failed. */
export async function gitCheckout(
  sandbox: Sandbox,
  repoUrl: string,
  { branch, targetDir, sessionId, depth, cloneTimeoutMs, signal }: GitCheckoutOptions,
): Promise<GitCheckoutResult> {
  const own = signal ? sandbox.withSignal(signal) : sandbox;
  const git = await own.startProcess(CLONE, {
    ...(sessionId === undefined ? {} : { session: sessionId }),
    ...(cloneTimeoutMs === undefined ? {} : { timeoutMs: cloneTimeoutMs }),
    env: {
      CLONE_URL: repoUrl,
      CLONE_DIR: pathArgument(targetDir ?? nameOf(repoUrl)),
      CLONE_BRANCH: branch ?? '',
      CLONE_DEPTH: depth === undefined ? '' : String(depth),
      // It fails where it would ask for a password.
      GIT_TERMINAL_PROMPT: '0',
    },
  });
  try {
    const { exitCode, timedOut } = await git.waitForExit();
    const text = async (stream: 'stdout' | 'stderr') =>
      new Response(await own.commandOutput(git.id, stream)).text();
    if (exitCode !== 0) {
      const why = timedOut ? 'took too long' : `ended with ${exitCode}: ${await text('stderr')}`;
      throw new HoldfastError('INVALID_REQUEST', withoutCredentials(`git clone ${repoUrl} ${why}`.trim()));
    }
    const [at = '', head = ''] = (await text('stdout')).split('\n').slice(-3);
    return {
      success: true,
      repoUrl,
      branch: branch ?? head,
      targetDir: at,
      timestamp: new Date().toISOString(),
    };
  } finally {
    // Nobody else knows of it; what it left is ended, also after an abort.
    await sandbox
      .getProcess(git.id)
      .then((process) => process.delete())
      .catch(ignoreGone);
  }
}

/** A name that begins with a dash is no option. */
const pathArgument = (path: string) => (path.startsWith('-') ? `./${path}` : path);

/** What git itself calls the folder. */
const nameOf = (url: string) =>
  url
    .replace(/[/]+$/, '')
    .replace(/[/]?\.git$/, '')
    .replace(/^.*[/:]/, '') || 'repository';

const withoutCredentials = (text: string) => text.replace(/\/\/[^/@\s]+@/g, '//***@');

/** The result is known, or why there is none. */
function ignoreGone(): void {}

// One git as a process of the engine's: outside of every session, without a terminal to ask at, and ended with all
// that it started.
import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:os';
import type { Duplex } from 'node:stream';
import { type GitProgress, HoldfastError } from '#protocol';
import { endAtOnce } from '../proc/end-at-once.ts';
import { Look } from '../proc/look.ts';
import { send } from '../proc/signal.ts';
import type { Credentials } from './address.ts';
import { CREDENTIAL_FD, credentialConfig, serveCredentials } from './credential-socket.ts';
import { GitStderr } from './progress.ts';

export interface GitRun {
  args: string[];
  /** What every session inherits: the search path, proxies, certificates. */
  env: Record<string, string>;
  /** The engine's own folder, by which what it left is found. */
  place: string;
  signal: AbortSignal;
  /** For the origin that they are for. */
  credentials?: { origin: string; credentials: Credentials } | undefined;
  onProgress?: (progress: GitProgress) => void;
}

export interface GitEnd {
  exitCode: number | null;
  stdout: string;
  /** What it wrote to stderr, progress left out. */
  complaint: string[];
}

/** Hooks of a template would be the sandbox's own programs, run beside credentials; a server that hangs is given up. */
const CONFIG: [name: string, value: string][] = [
  ['core.hooksPath', '/dev/null'],
  ['http.lowSpeedLimit', '1'],
  ['http.lowSpeedTime', '300'],
];

/**
 * Once git has ended, or, when the signal was aborted, once nothing of it lives.
 *
 * @throws GIT_NOT_INSTALLED; the signal's reason; what spawn(2) says.
 */
export async function runGit({ args, env, place, signal, credentials, onProgress }: GitRun): Promise<GitEnd> {
  signal.throwIfAborted();
  const mark = markOf(place, randomUUID());
  const child = spawn('git', args, {
    cwd: '/',
    env: { ...env, ...gitEnvironment(credentials?.origin), __hf_session: mark },
    stdio: ['ignore', 'pipe', 'pipe', credentials ? 'pipe' : 'ignore'],
  });
  const owner = { sessionKey: mark, shellPid: undefined, known: new Map() };
  let ending: Promise<void> | undefined;
  const end = () => {
    ending ??= endAtOnce(owner);
  };
  signal.addEventListener('abort', end, { once: true });
  const stderr = new GitStderr();
  let stdout = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    for (const progress of stderr.take(text)) onProgress?.(progress);
  });
  if (credentials) serveCredentials(child.stdio[CREDENTIAL_FD] as Duplex, credentials.credentials);
  try {
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once('error', (error) => reject(asMissing(error)));
      child.once('close', resolve);
    });
    await ending;
    signal.throwIfAborted();
    return { exitCode, stdout, complaint: stderr.complaint };
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** Asks what an engine that died in the same place left to end: it takes its files along. */
export function endLeftGit(place: string): void {
  for (const { pid, sessionKey } of new Look().marked()) {
    if (sessionKey.startsWith(markOf(place, ''))) send(pid, constants.signals.SIGTERM);
  }
}

/** In the environment of all that a git starts. */
function markOf(place: string, id: string): string {
  return `git-${createHash('sha256').update(place).digest('hex').slice(0, 16)}-${id}`;
}

/** `origin`: where credentials go. Then nobody else's configuration is read, which could have them sent elsewhere. */
function gitEnvironment(origin: string | undefined): Record<string, string> {
  const config = [...CONFIG, ...(origin === undefined ? [] : credentialConfig(origin))];
  const variables = config.flatMap(([name, value], at) => [
    [`GIT_CONFIG_KEY_${at}`, name],
    [`GIT_CONFIG_VALUE_${at}`, value],
  ]);
  return {
    ...Object.fromEntries(variables),
    GIT_CONFIG_COUNT: String(config.length),
    ...(origin === undefined ? {} : { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' }),
    GIT_ALLOW_PROTOCOL: 'https:http:ssh:git:file',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    GIT_SSH_COMMAND: 'ssh -o BatchMode=yes',
    // Its words are read.
    LC_ALL: 'C',
    LANGUAGE: '',
  };
}

function asMissing(error: Error): Error {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return error;
  return new HoldfastError(
    'GIT_NOT_INSTALLED',
    'there is no git in the sandbox; install it, or use another image',
  );
}

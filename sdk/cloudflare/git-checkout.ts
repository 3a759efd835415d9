// Cloning a repository by its other name, with its other result.
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

/** Throws what `gitClone` does, as `GIT_FAILED` with git's own words. */
export async function gitCheckout(
  sandbox: Sandbox,
  repoUrl: string,
  { branch, targetDir, sessionId, depth, cloneTimeoutMs, signal }: GitCheckoutOptions,
): Promise<GitCheckoutResult> {
  const done = await sandbox.gitClone(repoUrl, {
    ...(branch === undefined ? {} : { branch }),
    ...(targetDir === undefined ? {} : { dir: targetDir }),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(depth === undefined ? {} : { depth }),
    ...(cloneTimeoutMs === undefined ? {} : { timeoutMs: cloneTimeoutMs }),
    ...(signal ? { signal } : {}),
  });
  return {
    success: true,
    repoUrl,
    branch: branch ?? done.branch ?? 'HEAD',
    targetDir: done.dir,
    timestamp: new Date().toISOString(),
  };
}

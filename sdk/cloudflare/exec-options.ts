// Options of commands under the names of `@cloudflare/sandbox`, and the results under them.
import type { ExecOptions as OurOptions } from '../exec-options.ts';
import type { ExecResult as OurResult } from '../protocol/index.ts';

/** After an abort the command is interrupted this much later: time enough for a cut connection to be made again. */
const CANCEL_GRACE_MS = 1_000;

export interface BaseExecOptions {
  /** Milliseconds. */
  timeout?: number;
  /** For this command only; undefined values are left out. */
  env?: Record<string, string | undefined>;
  cwd?: string;
}

export interface ExecOptions extends BaseExecOptions {
  /** Has no effect of its own: output goes to `onOutput` as it comes wherever that is given. */
  stream?: boolean;
  onOutput?: (stream: 'stdout' | 'stderr', data: string) => void;
  onComplete?: (result: ExecResult) => void;
  onError?: (error: Error) => void;
  /** The whole of stdin. */
  stdin?: string | Uint8Array;
  /** Ends the command and the call. */
  signal?: AbortSignal;
}

export interface StreamOptions extends BaseExecOptions {
  sessionId?: string;
  stdin?: string | Uint8Array;
  signal?: AbortSignal;
}

/** A result under both vocabularies. */
export type ExecResult = OurResult & {
  /** The exit code is 0. */
  success: boolean;
  /** Milliseconds. */
  duration: number;
  /** ISO 8601: when it started. */
  timestamp: string;
};

/** What is given, as a call of our own takes it. */
export function execOptions(options: ExecOptions | StreamOptions): OurOptions & { id: string } {
  const { timeout, env, cwd, stdin, signal } = options;
  const ours: OurOptions & { id: string } = { id: crypto.randomUUID() };
  if (timeout !== undefined) ours.timeoutMs = timeout;
  if (env !== undefined) ours.env = definedEnv(env);
  if (cwd !== undefined) ours.cwd = cwd;
  if (stdin !== undefined) ours.stdin = stdin;
  if (signal) Object.assign(ours, { signal, disconnectGraceMs: CANCEL_GRACE_MS });
  return ours;
}

export function execResult(result: OurResult): ExecResult {
  const { exitCode, durationMs, startedAt } = result;
  return { ...result, success: exitCode === 0, duration: durationMs, timestamp: startedAt };
}

/** Without what is undefined. */
export function definedEnv(env: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

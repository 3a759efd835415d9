// What goes with a command, and how it becomes a request that is safe to repeat.
import type { ExecRequest, ExecResult, YieldedExec } from './protocol/index.ts';

type NotCommon = 'command' | 'stdin' | 'stdinBase64' | 'yieldMs' | 'maxOutputBytes';

/**
 * Options of `exec` and `execStream`.
 *
 * `id` (`[A-Za-z0-9_.-]{1,64}`) is the idempotency key; one is made if absent. A call with the same
 * id and the same request attaches to the one command and never runs it twice, also from another
 * client, also later.
 */
export interface ExecOptions extends Omit<ExecRequest, NotCommon> {
  /** The whole of stdin; empty if absent. */
  stdin?: string | Uint8Array;
  /**
   * Leaves the command when aborted: the call throws the signal's reason, and the command is
   * interrupted `disconnectGraceMs` later unless another client attached.
   */
  signal?: AbortSignal;
}

/** Options of `exec`. */
export interface ResultOptions extends ExecOptions {
  /** Bytes of each stream in the result; of more, head and tail. Default, and at most, 8 MiB. */
  maxOutputBytes?: number;
}

/** Options of an `exec` that does not wait for the end at any cost. */
export interface YieldingOptions extends ResultOptions {
  /** Milliseconds, 250 to 300,000, after which a command that has not ended goes on without the caller. */
  yieldMs: number;
}

/** What an `exec` with `yieldMs` gives: the result, or the output so far of a command that goes on. */
export type Outcome = (ExecResult & { yielded: false }) | (YieldedExec & { yielded: true });

/** Tells the two answers apart by what only the unfinished one has. */
export function outcome(answer: ExecResult | YieldedExec): Outcome {
  return 'nextSeq' in answer ? { ...answer, yielded: true } : { ...answer, yielded: false };
}

/** The request of a command, with an id in any case. */
export function execRequest(command: string, options: ExecOptions): ExecRequest & { id: string } {
  const { signal: _, stdin, id = crypto.randomUUID(), ...rest } = options;
  const request = { ...rest, command, id };
  if (stdin === undefined) return request;
  return typeof stdin === 'string' ? { ...request, stdin } : { ...request, stdinBase64: toBase64(stdin) };
}

/** By pieces, because a call takes only so many arguments. */
function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 8192) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(binary);
}

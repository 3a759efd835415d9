// A wait for a process: in as many calls as its time needs, and nothing of it ends the process.
import type { Connection } from './connection/connection.ts';
import { path } from './path.ts';
import { HoldfastError, type WaitRequest, type WaitResult } from './protocol/index.ts';

/** Of one call; proxies cut longer ones. */
const CALL_MS = 300_000;
/** The sandbox counts the time; here it is counted only for a sandbox that does not answer. */
const SLACK_MS = 2_000;

type Without<T, K extends string> = T extends unknown ? Omit<T, K> : never;

export interface Waiting {
  /** Id of the process. */
  id: string;
  wanted: Without<WaitRequest, 'waitMs'>;
  /** What is waited for, in words. */
  what: string;
  timeoutMs: number | undefined;
  signal: AbortSignal | undefined;
}

/** Throws PROCESS_EXITED, WAIT_TIMEOUT, and the signal's reason. */
export async function waitFor(connection: Connection, waiting: Waiting): Promise<WaitResult> {
  const { id, wanted, timeoutMs = Number.POSITIVE_INFINITY, signal } = waiting;
  const { now } = connection.policy;
  const end = now() + timeoutMs;
  const silence = new AbortController();
  const timer = Number.isFinite(timeoutMs) && setTimeout(() => silence.abort(), timeoutMs + SLACK_MS);
  const ends = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal;
  try {
    for (;;) {
      const waitMs = Math.round(Math.max(0, Math.min(CALL_MS, end - now())));
      const json = { ...wanted, waitMs };
      const at = path`/processes/${id}/wait`;
      const call = { method: 'POST', path: at, json, repeat: 'always', signal: ends } as const;
      const result = await connection.json<WaitResult>(call);
      if (result.met) return result;
      if (now() >= end) throw timedOut(waiting);
    }
  } catch (error) {
    throw silence.signal.aborted && !signal?.aborted ? timedOut(waiting, error) : error;
  } finally {
    if (timer !== false) clearTimeout(timer);
  }
}

function timedOut({ id, what, timeoutMs }: Waiting, cause?: unknown): HoldfastError {
  return new HoldfastError(
    'WAIT_TIMEOUT',
    `${what} did not come within ${timeoutMs} ms; process ${id} was left as it is`,
    { cause },
  );
}

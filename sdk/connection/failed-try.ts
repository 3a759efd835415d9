// One failed try of a call: what the caller is told if it stays so, and whether another may mend it.
import { HoldfastError } from '../protocol/index.ts';

/**
 * - `refused`: the server said no; it would again.
 * - `unstarted`: the sandbox was not up, so in all likelihood nothing was run.
 * - `cut`: no answer, half of one, or a proxy's; whether the request was carried out is unknown.
 */
export type FailureKind = 'refused' | 'unstarted' | 'cut';

/** Thrown from a try to those who decide on the next one; never leaves the package. */
export class FailedTry extends Error {
  readonly kind: FailureKind;
  readonly error: HoldfastError;
  /** How long the server asked to wait. */
  readonly retryAfterMs: number;

  constructor(kind: FailureKind, error: HoldfastError, retryAfterMs = 0) {
    super(error.message);
    this.kind = kind;
    this.error = error;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A try whose connection broke. `cause` is what the runtime threw. */
export function cutOff(what: string, cause?: unknown): FailedTry {
  const message = cause === undefined ? what : `${what}: ${describe(cause)}`;
  return new FailedTry('cut', new HoldfastError('CONNECTION_FAILED', message, { cause }));
}

/** Node says `fetch failed` and keeps the reason (`ECONNREFUSED`) in the cause. */
function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const inner = thrown.cause;
  if (!(inner instanceof Error)) return thrown.message;
  const reason = inner.message || (inner as { code?: unknown }).code;
  return reason ? `${thrown.message} (${reason})` : thrown.message;
}

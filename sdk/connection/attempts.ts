// The tries of one call: counts those in a row that got nowhere and waits between them.
import type { FailedTry, FailureKind } from './failed-try.ts';
import type { RetryPolicy } from './retry-policy.ts';

/** Which failures of a call may be followed by another try. */
export type Repeat = 'always' | 'unstarted' | 'never';

const ALLOWS: Record<Repeat, readonly FailureKind[]> = {
  always: ['cut', 'unstarted'],
  unstarted: ['unstarted'],
  never: [],
};

export class Attempts {
  readonly #policy: RetryPolicy;
  readonly #repeat: Repeat;
  readonly #signal: AbortSignal | undefined;
  #failed = 0;

  constructor(policy: RetryPolicy, repeat: Repeat, signal?: AbortSignal) {
    this.#policy = policy;
    this.#repeat = repeat;
    this.#signal = signal;
  }

  /** Whether there was a try before, which may have been carried out without our being told. */
  repeating = false;

  /** The call got further than before: the counting starts anew. */
  progressed(): void {
    this.#failed = 0;
  }

  /** Waits until it is time for another try, or throws why there is none. */
  async next(failure: FailedTry): Promise<void> {
    this.#signal?.throwIfAborted();
    this.repeating = true;
    this.#failed += 1;
    if (!ALLOWS[this.#repeat].includes(failure.kind) || this.#failed >= this.#policy.tries)
      throw failure.error;
    await this.#policy.sleep(this.#delayMs(failure.retryAfterMs), this.#signal);
  }

  /** Doubles with each failure; half of it is chance, so that clients of one outage do not return at once. */
  #delayMs(askedMs: number): number {
    const { firstDelayMs, maxDelayMs, random } = this.#policy;
    const backoffMs = Math.min(firstDelayMs * 2 ** (this.#failed - 1), maxDelayMs);
    const jitteredMs = backoffMs / 2 + (backoffMs / 2) * random();
    return Math.max(jitteredMs, Math.min(askedMs, maxDelayMs));
  }
}

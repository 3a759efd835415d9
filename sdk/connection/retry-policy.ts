// When and how often a call is tried again: data, with time and chance to be given from outside.

/** How calls are repeated after a failure that a repeat may mend. */
export interface RetryPolicy {
  /** Tries in a row without progress before the failure is thrown; 1 is never to repeat. Default 8. */
  tries: number;
  /** Milliseconds before the second try; doubled for each further one. Default 250. */
  firstDelayMs: number;
  /** Milliseconds that no delay exceeds, also where the server asks for more. Default 10,000. */
  maxDelayMs: number;
  /**
   * Milliseconds without a byte after which an answer that has begun counts as broken. The server
   * sends one every 15 s, however long a command is silent. Default 60,000.
   */
  silenceMs: number;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** From 0 up to 1. */
  random(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The policy with what the caller did not choose filled in. */
export function retryPolicy(chosen: Partial<RetryPolicy> = {}): RetryPolicy {
  return { ...DEFAULTS, ...chosen };
}

const DEFAULTS: RetryPolicy = {
  // 250 ms doubling to 10 s makes some 25 s: inside the 30 s after which a command without
  // a client is interrupted, and long enough for a container to come up.
  tries: 8,
  firstDelayMs: 250,
  maxDelayMs: 10_000,
  // Four of the server's heartbeats.
  silenceMs: 60_000,
  now: () => performance.now(),
  random: () => Math.random(),
  sleep,
};

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const leave = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', leave);
      resolve();
    }, ms);
    signal?.addEventListener('abort', leave, { once: true });
  });
}

// A retry policy whose clock and chance the test holds: waiting takes no time and is written down.
import type { RetryPolicy } from '../../../sdk/index.ts';

export interface Watched extends Partial<RetryPolicy> {
  /** Every delay so far, in milliseconds. */
  sleptMs: number[];
}

export function impatient(chosen: Partial<RetryPolicy> = {}): Watched {
  const sleptMs: number[] = [];
  return {
    sleptMs,
    random: () => 1,
    sleep: async (ms) => {
      sleptMs.push(ms);
    },
    ...chosen,
  };
}

// Waiting for a condition of the container, which tells nobody when it changes.

const LEAST_MS = 5;
const MOST_MS = 250;
/** Of what was waited already: so much longer than needed it takes at most. */
const SHARE = 0.04;

/**
 * Asks again and again, a little less often each time, until the answer is not false, and returns it.
 *
 * @throws Error when that takes longer than `limitMs`.
 */
export async function until<T>(ask: () => T | false | Promise<T | false>, limitMs: number): Promise<T> {
  const begin = Date.now();
  for (;;) {
    const answer = await ask();
    if (answer !== false) return answer;
    const waited = Date.now() - begin;
    if (waited > limitMs) throw new Error(`waited ${limitMs} ms in vain`);
    const pause = Math.min(Math.max(waited * SHARE, LEAST_MS), MOST_MS);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

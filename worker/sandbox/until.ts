// Waiting for a condition of the container, which tells nobody when it changes.

/**
 * Asks again and again, a little less often each time, until the answer is not false, and returns it.
 *
 * @throws Error when that takes longer than `limitMs`.
 */
export async function until<T>(ask: () => T | false | Promise<T | false>, limitMs: number): Promise<T> {
  const end = Date.now() + limitMs;
  for (let waitMs = 10; ; waitMs = Math.min(waitMs * 1.5, 250)) {
    const answer = await ask();
    if (answer !== false) return answer;
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms in vain`);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

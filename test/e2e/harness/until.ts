// Waiting for a condition, never for a time.

/**
 * Asks again every 20 ms until the answer is not undefined or false; throws when it takes too long.
 *
 * @example
 * await until(async () => (await session.info()).queueLength === 3);
 */
export async function until<T>(ask: () => Promise<T | undefined | false>, withinMs = 10_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`not so within ${withinMs} ms: ${ask}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

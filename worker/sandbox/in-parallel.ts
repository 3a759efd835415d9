// Work on many things, a few at once.

/** Returns when all is done. What failed keeps nothing else from being done; the first failure is thrown in the end. */
export async function inParallel<T>(
  things: Iterable<T>,
  atOnce: number,
  work: (thing: T) => Promise<void>,
): Promise<void> {
  const queue = [...things];
  let failure: { error: unknown } | undefined;
  const worker = async () => {
    for (let thing = queue.shift(); thing !== undefined; thing = queue.shift()) {
      await work(thing).catch((error) => {
        failure ??= { error };
      });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (failure) throw failure.error;
}

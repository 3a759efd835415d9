// Work on many things, a few at once.

/** Returns when all is done; after a failure nothing more is begun, and it is thrown once what runs has ended. */
export async function inParallel<T>(
  things: Iterable<T>,
  atOnce: number,
  work: (thing: T) => Promise<void>,
): Promise<void> {
  const queue = [...things];
  let failure: { error: unknown } | undefined;
  const worker = async () => {
    for (let thing = queue.shift(); thing !== undefined && !failure; thing = queue.shift()) {
      await work(thing).catch((error) => {
        failure ??= { error };
      });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (failure) throw failure.error;
}

// Whoever interrupts the benchmark finds nothing of it left: what was started is stopped first.

const running = new Set<() => Promise<void>>();

/** Has it stopped on an interrupt as well; the function returned is the stop, for the ordinary end. */
export function stoppedOnInterrupt(stop: () => Promise<void>): () => Promise<void> {
  running.add(stop);
  return async () => {
    running.delete(stop);
    await stop();
  };
}

for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, async () => {
    const stops = [...running];
    running.clear();
    await Promise.allSettled(stops.map((stop) => stop()));
    process.exit(exitCode);
  });
}

// Lets a program run until Ctrl-C or SIGTERM.

/** Resolves at the first SIGINT, SIGTERM or SIGHUP. Later ones change nothing: the end is under way. */
export function untilSignalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
}

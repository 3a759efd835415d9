// Keeps a shell with TMOUT set from ending when its prompt is idle that long (bash(1), TMOUT): sessions do not.

export class KeepAwake {
  readonly #nudge: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(nudge: () => void) {
    this.#nudge = nudge;
  }

  /** Often enough for that timeout; 0 is never. */
  every(idleTimeoutSeconds: number): void {
    this.stop();
    if (idleTimeoutSeconds <= 0) return;
    this.#timer = setInterval(this.#nudge, Math.min(idleTimeoutSeconds * 300, 60_000));
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

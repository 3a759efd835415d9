// Connections that are open because of a preview: they end with it, when it is revoked or its time is over.

/** The longest time that a timer knows; one that is later fires at once. */
const LONGEST_MS = 2 ** 31 - 1;

export class OpenPreviews {
  readonly #cuts = new Map<string, Set<() => void>>();

  /** `cut` ends the connection; the function returned tells that it has ended. */
  begin({ id, expiresAt }: { id: string; expiresAt: number | null }, cut: () => void): () => void {
    const cuts = this.#cuts.get(id) ?? new Set();
    this.#cuts.set(id, cuts.add(cut));
    const leftMs = expiresAt === null ? LONGEST_MS : expiresAt - Date.now();
    const timer = leftMs < LONGEST_MS ? setTimeout(cut, leftMs) : undefined;
    timer?.unref();
    return () => {
      clearTimeout(timer);
      cuts.delete(cut);
      if (cuts.size === 0 && this.#cuts.get(id) === cuts) this.#cuts.delete(id);
    };
  }

  /** Ends all connections of these previews. */
  cut(ids: readonly string[]): void {
    for (const id of ids) for (const cut of [...(this.#cuts.get(id) ?? [])]) cut();
  }
}

// The calls that are on their way to the engine, each with what ends it when its client leaves.

/** Departures remembered that were told before their call came: those two go separate ways. */
const EARLY = 100;

export class OpenCalls {
  readonly #open = new Map<string, AbortController>();
  readonly #early = new Set<string>();

  /**
   * Counts a call in.
   *
   * @param client Aborts when the client leaves, where the runtime notices. It keeps a request's own
   *   signal from subrequests, so the one returned is another.
   */
  begin(requestId: string, client: AbortSignal): AbortSignal {
    const controller = new AbortController();
    if (client.aborted || this.#early.delete(requestId)) controller.abort();
    client.addEventListener('abort', () => controller.abort(), { once: true });
    this.#open.set(requestId, controller);
    return controller.signal;
  }

  end(requestId: string): void {
    this.#open.delete(requestId);
  }

  /** Ends the call of a client that left. */
  departed(requestId: string): void {
    const controller = this.#open.get(requestId);
    if (controller) {
      controller.abort();
      return;
    }
    this.#early.add(requestId);
    if (this.#early.size > EARLY) this.#early.delete(this.#early.values().next().value!);
  }
}

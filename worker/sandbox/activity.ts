// How many requests and streams are open, counted by us: a stream that its client abandons is over too.

export class Activity {
  #open = 0;
  readonly #onBusy: () => void;
  readonly #onIdle: () => void;

  /** `onBusy` is called each time that the first one begins, `onIdle` when the last one ends. */
  constructor({ onBusy, onIdle }: { onBusy(): void; onIdle(): void }) {
    this.#onBusy = onBusy;
    this.#onIdle = onIdle;
  }

  get busy(): boolean {
    return this.#open > 0;
  }

  /** Counts one in; the function returned counts it out, once however often it is called. */
  begin(): () => void {
    this.#open += 1;
    if (this.#open === 1) this.#onBusy();
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#open -= 1;
      if (this.#open === 0) this.#onIdle();
    };
  }
}

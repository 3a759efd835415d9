// How many requests and streams are open, counted by us: a stream that its client abandons is over too.

export class Activity {
  #open = 0;
  readonly #onIdle: () => void;

  /** @param onIdle Called each time the last one ends. */
  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
  }

  get busy(): boolean {
    return this.#open > 0;
  }

  /** Counts one in; the function returned counts it out, once however often it is called. */
  begin(): () => void {
    this.#open += 1;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#open -= 1;
      if (this.#open === 0) this.#onIdle();
    };
  }
}

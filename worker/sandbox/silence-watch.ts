// While calls wait for the engine it is asked now and then whether it is there: one that is stopped, or caught in a
// loop, keeps its connections open and says nothing.
import type { Engine } from './engine.ts';

const ASK_EVERY_MS = 15_000;

export class SilenceWatch {
  readonly #engine: Engine;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  begin(): void {
    this.#timer ??= setInterval(() => this.#ask(), ASK_EVERY_MS);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = null;
  }

  /** An engine that stays silent is replaced with its container, and the calls to it end. */
  #ask(): void {
    if (this.#engine.awake) this.#engine.ready().catch(() => {}); // said by those who wait for it
  }
}

// While calls wait for the engine it is asked now and then whether it is there: one that is stopped, or caught in a
// loop, keeps its connections open and says nothing.
import type { Engine } from './engine.ts';

const ASK_EVERY_MS = 15_000;

export class SilenceWatch {
  readonly #engine: Engine;
  readonly #isBusy: () => boolean;
  #isSet = false;

  /** `isBusy` tells whether a call is under way. */
  constructor(engine: Engine, isBusy: () => boolean) {
    this.#engine = engine;
    this.#isBusy = isBusy;
  }

  /** Call it when the first call begins. It ends by itself, later than the last call: calls come and go quickly. */
  begin(): void {
    if (this.#isSet) return;
    this.#isSet = true;
    setTimeout(() => {
      this.#isSet = false;
      if (!this.#isBusy()) return;
      this.begin();
      // An engine that stays silent is replaced with its container, and the calls to it end.
      if (this.#engine.awake) this.#engine.ready().catch(() => {}); // said by those who wait for it
    }, ASK_EVERY_MS);
  }
}

// When an engine that died is started again, and when it is given up: the rule of container/supervise, here for
// engines without a container.

/** From a start to a death that counts as quick. */
const QUICK_MS = 2_000;
const MAX_QUICK = 8;
/** How long a pause after how many quick deaths in a row, in ms. */
const PAUSES_MS = [100, 100, 200, 400, 800, 1_600, 3_000];
/** sysexits.h: a wrong setting, which no other start would mend. */
const EX_CONFIG = 78;
const SIGKILLED = 137;

export class Restarts {
  #quick = 0;

  /**
   * How long to wait before the next start, in ms; undefined when the engine was meant to end or is given up.
   * SIGKILL comes from outside and is no reason to give up.
   */
  pauseMs(exitCode: number, livedMs: number): number | undefined {
    if (exitCode === 0 || exitCode === EX_CONFIG) return undefined;
    if (livedMs >= QUICK_MS) this.#quick = 0;
    else if (exitCode !== SIGKILLED) this.#quick++;
    if (this.#quick >= MAX_QUICK) return undefined;
    return PAUSES_MS[Math.min(this.#quick, PAUSES_MS.length - 1)];
  }
}

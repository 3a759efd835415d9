// Calls under way with an id of the client's. Whether it may have run is for all calls with that id to say together: one
// that never reached the engine frees it only where none of the others did.
import type { CommandIds } from '../store/command-ids.ts';
import type { CommandStart } from './command-start.ts';

/** What those with one id in one generation know of it. */
interface Shared {
  calls: number;
  /** It was taken for one of them. */
  wasFree: boolean;
  mayHaveRun: boolean;
}

/** One call's use of an id: it ends in one of the two ways. */
export interface IdUse {
  /** Nobody had it before this call and those beside it. */
  wasFree: boolean;
  mayHaveRun(): void;
  neverSent(): void;
}

export class IdUses {
  readonly #ids: CommandIds;
  readonly #shared = new Map<string, Shared>();

  constructor(ids: CommandIds) {
    this.#ids = ids;
  }

  /** Before the engine hears of it: from now on the id may have run. Undefined for an id that no client knows. */
  begin({ id, given, fingerprint }: CommandStart, generation: number): IdUse | undefined {
    if (!given) return undefined;
    const key = `${generation} ${id}`;
    const shared = this.#shared.get(key) ?? { calls: 0, wasFree: false, mayHaveRun: false };
    this.#shared.set(key, shared);
    shared.calls += 1;
    const wasFree = this.#ids.get(id)?.generation !== generation;
    if (wasFree) this.#ids.take(id, { generation, fingerprint });
    shared.wasFree ||= wasFree;
    let isOver = false;
    const end = (mayHaveRun: boolean) => {
      if (isOver) return;
      isOver = true;
      shared.calls -= 1;
      shared.mayHaveRun ||= mayHaveRun;
      if (shared.calls > 0) return;
      this.#shared.delete(key);
      if (shared.wasFree && !shared.mayHaveRun) this.#ids.release(id, generation);
    };
    return { wasFree, mayHaveRun: () => end(true), neverSent: () => end(false) };
  }
}

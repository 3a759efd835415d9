// Fetches what engines save of their sessions into storage, off everybody's way.
import { SavedSession, type Sync } from '#protocol';
import type { Store } from '../store/store.ts';
import type { Engine } from './engine.ts';
import { inParallel } from './in-parallel.ts';

/** At once, so that an engine with many sessions still answers its clients. */
const AT_ONCE = 4;

export class SessionSaves {
  readonly #engine: Engine;
  readonly #store: Store;

  constructor(engine: Engine, store: Store) {
    this.#engine = engine;
    this.#store = store;
  }

  /** Fetches the sessions that have newer checkpoints than storage. What fails is fetched with the next pull. */
  async fetchNewer(sessions: Sync['sessions'], generation: number): Promise<void> {
    const newer = sessions.filter(({ id, checkpoint }) => {
      const kept = this.#store.sessions.get(id);
      return kept?.generation === generation && checkpoint > kept.checkpoint;
    });
    await inParallel(newer, AT_ONCE, async ({ id }) => {
      const saved = await this.#fetch(id, generation);
      if (saved) this.#store.save(saved, generation);
    });
  }

  /** Undefined where the session, or the engine that had it, is gone. */
  async #fetch(id: string, generation: number): Promise<SavedSession | undefined> {
    const answer = await this.#engine.ask(`/sessions/${encodeURIComponent(id)}/checkpoint`);
    if (answer.status === 404) {
      await answer.body?.cancel();
      return undefined;
    }
    if (!answer.ok) throw new Error(`the engine answered ${answer.status} for the checkpoint of ${id}`);
    const saved = SavedSession.parse(await answer.json());
    return this.#engine.generation === generation ? saved : undefined;
  }
}

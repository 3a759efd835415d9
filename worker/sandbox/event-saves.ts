// Fetches the events of small commands that ended into storage, so that a repeat with the same id can still be
// answered when the container is gone.
import type { CommandInfo } from '#protocol';
import type { Store } from '../store/store.ts';
import type { Engine } from './engine.ts';
import { inParallel } from './in-parallel.ts';

/** Of each stream: what agents' commands mostly write. */
const KEPT_BYTES = 8 * 1024;
/** Of the events: with one for each line they are several times what they carry. */
const EVENTS_BYTES = 256 * 1024;
/** At most this many of one pull, the newest: a sandbox under load is not slowed down for them. */
const PER_PULL = 16;
const AT_ONCE = 4;

export class EventSaves {
  readonly #engine: Engine;
  readonly #store: Store;

  constructor(engine: Engine, store: Store) {
    this.#engine = engine;
    this.#store = store;
  }

  /** Only commands whose id a client chose: nobody else comes back with it. */
  async fetchOf(commands: CommandInfo[], generation: number): Promise<void> {
    const wanted = commands
      .filter(({ mode, state }) => mode === 'foreground' && state === 'exited')
      .filter(({ stdoutBytes, stderrBytes }) => stdoutBytes <= KEPT_BYTES && stderrBytes <= KEPT_BYTES)
      .filter(({ id }) => this.#store.ids.get(id)?.generation === generation && !this.#store.events.has(id));
    await inParallel(wanted.slice(-PER_PULL), AT_ONCE, async ({ id }) => {
      // By line, so that whoever had a part of them can go on behind any seq.
      const answer = await this.#engine.ask(`/commands/${id}/events?by=line`);
      // Expired meanwhile: there is nothing to keep.
      if (!answer.ok) return void (await answer.body?.cancel());
      const events = new Uint8Array(await answer.arrayBuffer());
      const isOurs = this.#engine.generation === generation && this.#store.ids.get(id);
      if (isOurs && events.length <= EVENTS_BYTES) this.#store.events.put(id, events);
    });
  }
}

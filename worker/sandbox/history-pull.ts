// Pulls what changed from the engine into storage, off everybody's way. One pull at a time; who asks
// during one gets another after it, so that nothing which happened before the asking is missed.
import { Sync } from '#protocol';
import type { Store } from '../store/store.ts';
import type { Engine } from './engine.ts';

/** Commands that follow each other closely share a pull, which would otherwise slow the next one down. */
const SOON_MS = 100;
/** While something runs, and after a pull that failed, the engine is asked again this often. */
const FOLLOW_UP_MS = 10_000;

export class HistoryPull {
  readonly #engine: Engine;
  readonly #store: Store;
  /** Good for the engine with this token alone. */
  #cursor = { token: '', after: 0 };
  #working = false;
  #pulling: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #timer: { due: number; handle: ReturnType<typeof setTimeout> } | undefined;

  constructor(engine: Engine, store: Store) {
    this.#engine = engine;
    this.#store = store;
  }

  /** Whether a command or a process ran at the last pull. */
  get working(): boolean {
    return this.#engine.running && this.#working;
  }

  /** Pulls a moment after a command. One that fails is tried again later, from the same cursor. */
  soon(): void {
    this.#after(SOON_MS);
  }

  /** Returns when storage holds what the engine knew at the call. Does nothing while the container sleeps. */
  pull(): Promise<void> {
    if (!this.#pulling) {
      this.#pulling = this.#run().finally(() => {
        this.#pulling = undefined;
      });
      return this.#pulling;
    }
    this.#next ??= this.#pulling
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        return this.pull();
      });
    return this.#next;
  }

  async #run(): Promise<void> {
    const { token } = this.#store.record.engine();
    if (this.#cursor.token !== token) this.#cursor = { token, after: 0 };
    for (let more = true; more; ) {
      if (!this.#engine.running) return;
      const response = await this.#engine.fetch(`/sync?after=${this.#cursor.after}`);
      if (!response.ok) throw new Error(`the engine answered ${response.status} to a pull`);
      const page = Sync.parse(await response.json());
      // Meanwhile another start, or the end of the sandbox: this answer is of no use any more.
      if (this.#store.record.engine().token !== token) return;
      this.#store.apply(page);
      this.#cursor.after = page.cursor;
      more = page.more;
      this.#working = page.liveProcesses > 0 || page.sessions.some(({ runningCommand }) => runningCommand);
      if (!more && this.#working) this.#after(FOLLOW_UP_MS);
    }
  }

  #after(ms: number): void {
    const due = Date.now() + ms;
    if (this.#timer && this.#timer.due <= due) return;
    if (this.#timer) clearTimeout(this.#timer.handle);
    const handle = setTimeout(() => {
      this.#timer = undefined;
      this.pull().catch((error) => {
        console.error('pulling the history failed:', error);
        if (this.#engine.running) this.#after(FOLLOW_UP_MS);
      });
    }, ms);
    this.#timer = { due, handle };
  }
}

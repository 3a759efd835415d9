// Pulls what changed from the engine into storage, off everybody's way: commands, sessions and their saved states.
// One pull at a time; who asks during one gets another after it, so that nothing which happened before the asking
// is missed.
import { Sync, type SyncRequest } from '#protocol';
import type { Store } from '../store/store.ts';
import type { Engine } from './engine.ts';
import { EventSaves } from './event-saves.ts';
import type { SandboxSecrets } from './sandbox-secrets.ts';

/** A sandbox that nobody used for so long is at rest, and a pull slows nobody down. */
const QUIET_MS = 20;
/**
 * Calls that follow each other closely share a pull, which costs as much as two of them. What a container that is lost
 * takes along is what happened in this time.
 */
const LATEST_MS = 250;
/** While something runs the engine is asked again this often. */
const FOLLOW_UP_MS = 10_000;
/** After a pull that failed, as when an engine died and is started again: longer each time, up to the above. */
const RETRY_MS = 200;
/** Where a shell is just writing its state, a pull asks again after so long, and so often at most. */
const PENDING_MS = 50;
const MOST_PENDING = 15;

export class HistoryPull {
  readonly #engine: Engine;
  readonly #store: Store;
  readonly #secrets: SandboxSecrets;
  /** Good for the engine with this token alone. */
  #cursor = { token: '', after: 0 };
  #working = false;
  #connected = false;
  readonly #isBusy: () => boolean;
  /** Calls that may have changed something since the last pull was begun: when the first ended, and the last. */
  #changed: { first: number; last: number } | undefined;
  #failures = 0;
  readonly #events: EventSaves;
  #pulling: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #timer: { due: number; handle: ReturnType<typeof setTimeout> } | undefined;

  /** `isBusy` tells whether a call is under way. */
  constructor(engine: Engine, store: Store, secrets: SandboxSecrets, isBusy: () => boolean) {
    this.#engine = engine;
    this.#store = store;
    this.#secrets = secrets;
    this.#isBusy = isBusy;
    this.#events = new EventSaves(engine, store);
  }

  /** Whether a command or a process ran at the last pull. */
  get working(): boolean {
    return this.#engine.running && this.#working;
  }

  /** Whether somebody had a WebSocket to a server in the sandbox, or watched a terminal, at the last pull. */
  get connected(): boolean {
    return this.#engine.running && this.#connected;
  }

  /** Pulls once the sandbox is at rest, or has been busy for a while. One that fails is tried again, from the same cursor. */
  soon(): void {
    const now = Date.now();
    this.#changed = { first: this.#changed?.first ?? now, last: now };
    this.#after(QUIET_MS);
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
    const { token, generation } = this.#store.record.engine();
    if (this.#cursor.token !== token) this.#cursor = { token, after: 0 };
    let pending = 0;
    for (let more = true; more; ) {
      if (!this.#engine.running) return;
      this.#store.sessions.beginPull();
      const page = Sync.parse(await this.#ask(generation));
      // Meanwhile another start, or the end of the sandbox: this answer is of no use any more.
      if (this.#store.record.engine().token !== token) return;
      this.#store.apply(page);
      this.#cursor.after = page.cursor;
      more = page.more;
      this.#connected = page.openSockets > 0 || page.watchedTerminals > 0;
      this.#working = page.liveProcesses > 0 || page.sessions.some(({ runningCommand }) => runningCommand);
      for (const saved of page.saved) this.#store.save(await this.#secrets.sealed(saved), generation);
      await this.#events.fetchOf(page.commands, generation);
      if (!more && page.pending && pending++ < MOST_PENDING) {
        await new Promise((resolve) => setTimeout(resolve, PENDING_MS));
        more = true;
      }
      if (!more && this.#working) this.#after(FOLLOW_UP_MS);
    }
  }

  async #ask(generation: number): Promise<unknown> {
    const kept = this.#store.sessions.kept().filter((session) => session.generation === generation);
    const checkpoints = kept.map(({ id, checkpoint }): [string, number] => [id, checkpoint]);
    const response = await this.#engine.ask('/sync', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ after: this.#cursor.after, checkpoints } satisfies SyncRequest),
    });
    if (!response.ok) throw new Error(`the engine answered ${response.status} to a pull`);
    return await response.json();
  }

  /** How long a pull that was asked for has to wait yet. */
  #waitMs(): number {
    if (!this.#changed) return 0;
    const { first, last } = this.#changed;
    const now = Date.now();
    const restMs = this.#isBusy() ? QUIET_MS : last + QUIET_MS - now;
    return Math.min(restMs, first + LATEST_MS - now);
  }

  #after(ms: number): void {
    const due = Date.now() + ms;
    if (this.#timer && this.#timer.due <= due) return;
    if (this.#timer) clearTimeout(this.#timer.handle);
    const handle = setTimeout(() => {
      this.#timer = undefined;
      const waitMs = this.#waitMs();
      if (waitMs > 0) return this.#after(waitMs);
      this.#changed = undefined;
      this.pull().then(
        () => {
          this.#failures = 0;
        },
        (error) => {
          if (!this.#engine.awake) return;
          console.error('pulling the history failed:', error);
          this.#after(Math.min(RETRY_MS * 2 ** this.#failures++, FOLLOW_UP_MS));
        },
      );
    }, ms);
    this.#timer = { due, handle };
  }
}

// All that a sandbox remembers while its container sleeps. Every answer comes from SQLite alone.
import type { SavedSession, Sync } from '#protocol';
import { CommandHistory } from './command-history.ts';
import { CommandIds } from './command-ids.ts';
import { KeptEvents } from './kept-events.ts';
import { migrate } from './migrations.ts';
import { Previews } from './previews.ts';
import { SandboxRecord } from './sandbox-record.ts';
import { SavedSessions } from './saved-sessions.ts';
import { SecretRows } from './secrets.ts';
import { type KeptSession, SessionRows } from './session-rows.ts';

/** Bytes of saved sessions together. Past it the states go that were not used for longest; env and cwd stay. */
const SAVED_BYTES = 64 * 1024 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Store {
  readonly record: SandboxRecord;
  readonly sessions: SessionRows;
  readonly commands: CommandHistory;
  readonly ids: CommandIds;
  readonly events: KeptEvents;
  readonly previews: Previews;
  readonly secrets: SecretRows;
  readonly #saved: SavedSessions;
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    migrate(storage);
    this.#storage = storage;
    this.record = new SandboxRecord(storage.sql);
    this.sessions = new SessionRows(storage.sql);
    this.commands = new CommandHistory(storage.sql);
    this.ids = new CommandIds(storage.sql);
    this.events = new KeptEvents(storage.sql);
    this.previews = new Previews(storage.sql);
    this.secrets = new SecretRows(storage.sql);
    this.#saved = new SavedSessions(storage.sql);
  }

  /** Begins a start of the container: its number is returned, and what the last one left unfinished is lost. */
  beginGeneration(engineToken: string): number {
    return this.#storage.transactionSync(() => {
      const generation = this.record.beginGeneration(engineToken);
      this.commands.loseUnfinishedBefore(generation);
      return generation;
    });
  }

  /** Returns when all that was written is safe: what happens outside next is not undone by a crash. */
  durable(): Promise<void> {
    return this.#storage.sync();
  }

  /** Takes over one page of what the engine reported; a late answer of an earlier generation is dropped. */
  apply(sync: Sync): void {
    if (sync.generation !== this.record.engine().generation) return;
    this.#storage.transactionSync(() => {
      this.commands.record(sync.commands, sync.generation);
      const before = this.sessions.kept();
      this.sessions.apply(sync.sessions, sync.generation);
      for (const { id } of before) if (!this.sessions.get(id)) this.#saved.remove(id);
    });
  }

  /** Keeps what an engine of this generation saved of a session, unless that is not the one we know any more. */
  save(saved: SavedSession, generation: number): void {
    const bytes = encoder.encode(JSON.stringify(saved));
    if (bytes.length > SAVED_BYTES || generation !== this.record.engine().generation) return;
    this.#storage.transactionSync(() => {
      if (!this.sessions.noteSaved(saved, bytes.length, { generation })) return;
      this.#saved.put(saved.id, bytes);
      this.#makeRoom(saved.id);
    });
  }

  /** Notes a session that an engine of this generation has just made, so that it outlives its container. */
  addSession(saved: SavedSession, generation: number): void {
    this.#storage.transactionSync(() => {
      this.#saved.remove(saved.id);
      this.sessions.create(saved, generation);
    });
    this.save(saved, generation);
  }

  /** From what the session is made again: all that was saved of it, else its cwd and the sandbox's env. */
  savedSession(session: KeptSession): SavedSession {
    const bytes = this.#saved.get(session.id);
    if (bytes) return JSON.parse(decoder.decode(bytes)) as SavedSession;
    const { id, cwd, createdAt, lastUsedAt } = session;
    const { env } = this.record.settings();
    return { id, version: 0, cwd, env, createdAt, lastUsedAt, lastStatus: 0, state: null };
  }

  /** Forgets a session for good. */
  removeSession(id: string): void {
    this.#storage.transactionSync(() => {
      this.sessions.remove(id);
      this.#saved.remove(id);
    });
  }

  /** Forgets everything; the sandbox is as if it had never been used. */
  clear(): void {
    this.#storage.transactionSync(() => {
      this.record.clear();
      this.sessions.clear();
      this.commands.clear();
      this.ids.clear();
      this.events.clear();
      this.previews.clear();
      this.secrets.clear();
      this.#saved.clear();
    });
  }

  #makeRoom(keep: string): void {
    const kept = this.sessions.kept();
    let bytes = kept.reduce((sum, { savedBytes }) => sum + savedBytes, 0);
    const oldest = kept
      .filter(({ id, savedBytes }) => id !== keep && savedBytes > 0)
      .sort((a, b) => (a.lastUsedAt < b.lastUsedAt ? -1 : 1));
    for (const session of oldest) {
      if (bytes <= SAVED_BYTES) return;
      const { state: _, ...rest } = this.savedSession(session);
      const bare = encoder.encode(JSON.stringify({ ...rest, state: null }));
      this.#saved.put(session.id, bare);
      const noted = { ...rest, state: null, createdAt: session.createdAt, version: session.checkpoint };
      const { generation } = session;
      this.sessions.noteSaved(noted, bare.length, { generation, truncated: true });
      bytes -= session.savedBytes - bare.length;
    }
  }
}

// All that a sandbox remembers while its container sleeps. Every answer comes from SQLite alone.
import type { Sync } from '#protocol';
import { CommandHistory } from './command-history.ts';
import { migrate } from './migrations.ts';
import { SandboxRecord } from './sandbox-record.ts';
import { SessionRows } from './session-rows.ts';

export class Store {
  readonly record: SandboxRecord;
  readonly sessions: SessionRows;
  readonly commands: CommandHistory;
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    migrate(storage);
    this.#storage = storage;
    this.record = new SandboxRecord(storage.sql);
    this.sessions = new SessionRows(storage.sql);
    this.commands = new CommandHistory(storage.sql);
  }

  /** Begins a start of the container: its number is returned, and what the last one left unfinished is lost. */
  beginGeneration(engineToken: string): number {
    return this.#storage.transactionSync(() => {
      const generation = this.record.beginGeneration(engineToken);
      this.commands.loseUnfinishedBefore(generation);
      return generation;
    });
  }

  /** Takes over one page of what the engine reported; a late answer of an earlier generation is dropped. */
  apply(sync: Sync): void {
    if (sync.generation !== this.record.engine().generation) return;
    this.#storage.transactionSync(() => {
      this.commands.record(sync.commands, sync.generation);
      this.sessions.replace(sync.sessions, sync.generation);
    });
  }

  /** Forgets everything; the sandbox is as if it had never been used. */
  clear(): void {
    this.#storage.transactionSync(() => {
      this.record.clear();
      this.sessions.clear();
      this.commands.clear();
    });
  }
}

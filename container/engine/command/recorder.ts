// Tells the journal what happens to one command.
import type { Journal } from '../journal/journal.ts';
import type { SessionPatch } from '../journal/replay.ts';
import type { CommandRecord } from '../journal/state.ts';
import type { LogKeeper } from '../log/command-log.ts';
import type { SegmentPlace } from '../log/segments.ts';

export class CommandRecorder implements LogKeeper {
  readonly #journal: Journal;
  readonly #id: string;

  constructor(journal: Journal, id: string) {
    this.#journal = journal;
    this.#id = id;
  }

  /** Throws when the journal takes no more: nothing has happened then. */
  set(fields: Partial<CommandRecord>, session?: SessionPatch): void {
    this.#journal.command(this.#id, fields, session);
  }

  /** For what has happened already: an engine that dies later tells less of it, which is all that can be done. */
  trySet(fields: Partial<CommandRecord>, session?: SessionPatch): void {
    try {
      this.set(fields, session);
    } catch (error) {
      console.error(`command ${this.#id} is not in the journal:`, (error as Error).message);
    }
  }

  lines(lines: Buffer): void {
    this.#journal.output(this.#id, lines);
  }

  files(segments: SegmentPlace[]): void {
    this.set({ segments });
  }

  filed(): void {
    this.#journal.note({ is: 'filed', id: this.#id });
  }

  forget(keepsId: boolean): void {
    try {
      const id = this.#id;
      this.#journal.note(keepsId ? { is: 'expired', ids: [id] } : { is: 'no command', id });
    } catch (error) {
      console.error(`command ${this.#id} stays in the journal:`, (error as Error).message);
    }
  }
}

// The secrets of a sandbox and of its sessions, as its engine knows them: what commands get, and what is masked.
// Invariant: a value that was ever given to a command is masked as long as its output is kept.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Masks } from './masks.ts';

type Values = Record<string, string>;

interface Kept {
  sandbox: Values;
  /** By id, which may be any name that objects have of their own. */
  sessions: ReadonlyMap<string, Values>;
  /** Values that are given to nobody any more. */
  former: string[];
}

/** The same in the file. */
type Written = Omit<Kept, 'sessions'> & { sessions: [string, Values][] };

export class Secrets {
  readonly #path: string;
  #kept: Kept = { sandbox: {}, sessions: new Map(), former: [] };
  #masks = new Masks();

  /** They are kept beside the journal, readable for the engine's user alone, for the engine that comes after this one. */
  constructor(folder: string) {
    this.#path = join(folder, 'secrets');
    try {
      const kept = JSON.parse(readFileSync(this.#path, 'utf8')) as Written;
      this.#kept = { ...kept, sessions: new Map(kept.sessions) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    this.#masks = this.#newMasks();
  }

  get masks(): Masks {
    return this.#masks;
  }

  /** For commands of the session; undefined where there are none. */
  envOf(sessionId: string): Values | undefined {
    const env = { ...this.#kept.sandbox, ...this.#kept.sessions.get(sessionId) };
    return Object.keys(env).length === 0 ? undefined : env;
  }

  /** The session's own. */
  ofSession(sessionId: string): Values | undefined {
    return this.#kept.sessions.get(sessionId);
  }

  /** For all sessions, from the next command on. */
  setSandbox(values: Values): void {
    this.#keep({ ...this.#kept, sandbox: values });
  }

  /** Undefined when the session is gone. */
  setSession(sessionId: string, values: Values | undefined): void {
    if (values === undefined && !this.#kept.sessions.has(sessionId)) return;
    const sessions = new Map(this.#kept.sessions);
    if (values === undefined || Object.keys(values).length === 0) sessions.delete(sessionId);
    else sessions.set(sessionId, values);
    this.#keep({ ...this.#kept, sessions });
  }

  #keep(next: Kept): void {
    const now = new Set(valuesOf(next));
    const former = new Set(
      [...this.#kept.former, ...valuesOf(this.#kept)].filter((value) => !now.has(value)),
    );
    const kept = { ...next, former: [...former] };
    const written: Written = { ...kept, sessions: [...kept.sessions] };
    writeFileSync(`${this.#path}.tmp`, JSON.stringify(written), { mode: 0o600 });
    renameSync(`${this.#path}.tmp`, this.#path);
    this.#kept = kept;
    this.#masks = this.#newMasks();
  }

  #newMasks(): Masks {
    return new Masks([...valuesOf(this.#kept), ...this.#kept.former]);
  }
}

function valuesOf({ sandbox, sessions }: Kept): string[] {
  return [sandbox, ...sessions.values()].flatMap((values) => Object.values(values));
}

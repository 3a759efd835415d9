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
  /** Values that are given to nobody any more: sessions may hold copies. */
  former: string[];
  /** Those of sessions that are gone, and when the last of these went, in ms since 1970. */
  ended: string[];
  endedMs: number;
}

/** The same in the file. */
type Written = Omit<Kept, 'sessions'> & { sessions: [string, Values][] };

export class Secrets {
  readonly #path: string;
  #kept: Kept = { sandbox: {}, sessions: new Map(), former: [], ended: [], endedMs: 0 };
  #masks = new Masks();
  #current = new Masks();

  /** They are kept beside the journal, readable for the engine's user alone, for the engine that comes after this one. */
  constructor(folder: string) {
    this.#path = join(folder, 'secrets');
    try {
      const kept = JSON.parse(readFileSync(this.#path, 'utf8')) as Written;
      this.#kept = { ...kept, sessions: new Map(kept.sessions) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    this.#renewMasks();
  }

  get masks(): Masks {
    return this.#masks;
  }

  /** For the output of a command: what a session took along before it was asked for it never had. */
  masksFor(createdAt: Date): Masks {
    return createdAt.getTime() > this.#kept.endedMs ? this.#current : this.#masks;
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
    const had = this.#kept.sessions.get(sessionId);
    if (values === undefined && !had) return;
    const sessions = new Map(this.#kept.sessions);
    if (values === undefined || Object.keys(values).length === 0) sessions.delete(sessionId);
    else sessions.set(sessionId, values);
    const gone = values === undefined ? Object.values(had ?? {}) : [];
    const ended = [...new Set([...this.#kept.ended, ...gone])];
    this.#keep({
      ...this.#kept,
      sessions,
      ended,
      endedMs: gone.length > 0 ? Date.now() : this.#kept.endedMs,
    });
  }

  #keep(next: Kept): void {
    const now = new Set(valuesOf(next));
    const former = new Set(
      [...this.#kept.former, ...valuesOf(this.#kept)].filter(
        (value) => !now.has(value) && !next.ended.includes(value),
      ),
    );
    const kept = { ...next, former: [...former] };
    const written: Written = { ...kept, sessions: [...kept.sessions] };
    writeFileSync(`${this.#path}.tmp`, JSON.stringify(written), { mode: 0o600 });
    renameSync(`${this.#path}.tmp`, this.#path);
    this.#kept = kept;
    this.#renewMasks();
  }

  #renewMasks(): void {
    const current = [...valuesOf(this.#kept), ...this.#kept.former];
    this.#current = new Masks(current);
    this.#masks = new Masks([...current, ...this.#kept.ended]);
  }
}

function valuesOf({ sandbox, sessions }: Kept): string[] {
  return [sandbox, ...sessions.values()].flatMap((values) => Object.values(values));
}

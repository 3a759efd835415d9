// The state files of one session: what its shells write in turn, and the one that is kept while it has no shell.
// Invariant: the newest whole one wins, whichever shell of the session wrote it; nothing older comes back.
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Checkpoint, parseCheckpoint } from '../shell/checkpoint.ts';
import { packState, unpackState } from '../shell/packed-state.ts';
import { markerOf } from '../shell/rc.ts';

const WRITTEN = ['state.0', 'state.1', 'state.exit'] as const;

export class StateFiles {
  readonly #folder: string;
  readonly #keptPath: string;
  readonly #marker: string;
  #known = 0;

  /** `keptPath` is on a disk: hundreds of sessions without a shell must not fill the memory. */
  constructor(folder: string, keptPath: string, sessionKey: string) {
    this.#folder = folder;
    this.#keptPath = keptPath;
    this.#marker = markerOf(sessionKey);
  }

  newest(): Checkpoint | undefined {
    const written = WRITTEN.map((name) => this.#written(name));
    const kept = readIfThere(this.#keptPath);
    const found = [...written, kept && unpackState(kept)].filter((one) => one != null);
    const [newest] = found.filter((one) => one !== undefined).sort((a, b) => b.version - a.version);
    this.#known = newest?.version ?? 0;
    return newest;
  }

  /** Version of the newest, 0 if there is none. Nothing is read when one of `expected` or later was seen. */
  version(expected: number): number {
    if (this.#known < expected) this.newest();
    return this.#known;
  }

  /** Keeps it where no shell writes. */
  keep(checkpoint: Checkpoint): void {
    mkdirSync(dirname(this.#keptPath), { recursive: true, mode: 0o700 });
    writeFileSync(`${this.#keptPath}.new`, packState(checkpoint), { mode: 0o600 });
    renameSync(`${this.#keptPath}.new`, this.#keptPath);
    this.#known = checkpoint.version;
  }

  /** Forgets all. */
  remove(): void {
    for (const name of WRITTEN) rmSync(`${this.#folder}/${name}`, { force: true });
    for (const end of ['', '.new']) rmSync(`${this.#keptPath}${end}`, { force: true });
    this.#known = 0;
  }

  #written(name: (typeof WRITTEN)[number]): Checkpoint | null {
    const path = `${this.#folder}/${name}`;
    const bytes = readIfThere(path);
    if (bytes === undefined) return null;
    return parseCheckpoint({
      text: bytes.toString('latin1'),
      marker: this.#marker,
      atExit: name === 'state.exit',
      writtenAt: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now(),
    });
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined; // not written, or not readable under the user's own umask: there is none
  }
}

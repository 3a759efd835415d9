// The durable sign that a command is complete: a file `<key>.<run>.<status>` that its shell created.
// Found by fs.watch and by looking, because watching alone misses files on some file systems.
import { type FSWatcher, mkdirSync, readdirSync, unlinkSync, watch } from 'node:fs';
import { join } from 'node:path';
import type { Report } from './report.ts';

type Status = Report['status'];

export class ExitFiles {
  readonly folder: string;
  readonly #expected = new Map<string, (status: Status) => void>();
  readonly #watcher: FSWatcher;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#watcher = watch(folder, { persistent: false }, (_, name) => {
      if (name !== null) this.#seen(name);
    });
  }

  /** Calls `found` when the file of that run is there. */
  expect(key: string, run: number, found: (status: Status) => void): void {
    this.#expected.set(`${key}.${run}`, found);
  }

  /** The run is complete: nobody waits for its file any more. */
  forget(key: string, run: number, status: Status): void {
    this.#expected.delete(`${key}.${run}`);
    try {
      unlinkSync(join(this.folder, `${key}.${run}.${status}`));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error; // the report came without a file
    }
  }

  /** Nobody waits any more and no file will come: the shell is gone. */
  abandon(key: string, run: number): void {
    this.#expected.delete(`${key}.${run}`);
  }

  /** Looks for all files that are waited for. */
  look(): void {
    if (this.#expected.size > 0) for (const name of readdirSync(this.folder)) this.#seen(name);
  }

  close(): void {
    this.#watcher.close();
  }

  #seen(name: string): void {
    const cut = name.lastIndexOf('.');
    const found = this.#expected.get(name.slice(0, cut));
    const status = name.slice(cut + 1);
    found?.(status === 'B' || status === 'E' ? status : Number(status));
  }
}

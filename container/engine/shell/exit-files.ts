// The durable sign that a command is complete: a file `<key>.<run>.<status>` that its shell created.
// Found by fs.watch and by looking, because watching alone misses files on some file systems. Both begin with the
// first look: what is over by then was reported, and need not be watched for.
import { type FSWatcher, mkdirSync, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { removeFile } from '../remove-file.ts';
import type { Report } from './report.ts';

type Status = Report['status'];

export class ExitFiles {
  readonly folder: string;
  readonly #expected = new Map<string, (status: Status) => void>();
  #watcher: FSWatcher | undefined;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Calls `found` when the file of that run is there. */
  expect(key: string, run: number, found: (status: Status) => void): void {
    this.#expected.set(`${key}.${run}`, found);
  }

  /** The run is complete: nobody waits for its file any more. */
  forget(key: string, run: number, status: Status): void {
    this.#expected.delete(`${key}.${run}`);
    removeFile(join(this.folder, `${key}.${run}.${status}`)); // a report may come without a file
  }

  /** Nobody waits any more and no file will come: the shell is gone. */
  abandon(key: string, run: number): void {
    this.#expected.delete(`${key}.${run}`);
  }

  /** Looks for all files that are waited for; called several times a second. */
  look(): void {
    if (this.#expected.size === 0) {
      this.close();
      return;
    }
    this.#watcher ??= this.#watch();
    for (const name of readdirSync(this.folder)) this.#seen(name);
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  /** Undefined where there are too many watches: looking finds the files too, a little later. */
  #watch(): FSWatcher | undefined {
    try {
      return watch(this.folder, { persistent: false }, (_, name) => {
        if (name !== null) this.#seen(name);
      });
    } catch {
      return undefined;
    }
  }

  #seen(name: string): void {
    const cut = name.lastIndexOf('.');
    const found = this.#expected.get(name.slice(0, cut));
    const status = name.slice(cut + 1);
    found?.(status === 'B' || status === 'E' ? status : Number(status));
  }
}

// FIFOs in one folder, under names of which none is given twice.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { mkfifo } from '../linux/libc.ts';

/** Makes FIFOs. Whoever takes one owns it and ends it with `discard`. */
export class FifoPool {
  readonly #folder: string;
  #made = 0;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Path of a FIFO that nobody has opened yet. */
  take(): string {
    for (;;) {
      const path = join(this.#folder, String(this.#made++));
      if (mkfifo(path)) return path;
    }
  }

  discard(path: string): void {
    rmSync(path, { force: true });
  }

  /** Removes what an engine that died left here, but for what is still in use; these are paths of files, too. */
  sweep(inUse: ReadonlySet<string>): void {
    for (const name of readdirSync(this.#folder)) {
      const path = join(this.#folder, name);
      if (!inUse.has(path)) rmSync(path, { force: true });
    }
  }
}

// FIFOs in one folder, under names of which none is given twice.
import { closeSync, constants, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessName } from '../journal/state.ts';
import { mkfifo } from '../linux/libc.ts';
import { openAll } from '../linux/open-all.ts';
import { endHolder, findHolders, startHolder } from './holder.ts';

/** Made at a time, so that not every command pays for a holder. */
const BATCH = 16;
const { O_RDONLY, O_NONBLOCK } = constants;

/** FIFOs that one holder has open for reading: as it writes nothing, who reads still learns of the end. */
interface Batch {
  holder: ProcessName | undefined;
  paths: Set<string>;
}

/** Makes FIFOs. Whoever takes one owns it and ends it with `discard`. */
export class FifoPool {
  readonly #folder: string;
  readonly #batches = new Set<Batch>();
  #made = 0;
  #free: string[] = [];

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Path of a FIFO that nobody has opened yet. Its bytes are gone when nobody has it open any more. */
  take(): string {
    for (;;) {
      const path = join(this.#folder, String(this.#made++));
      if (mkfifo(path)) return path;
    }
  }

  /** The same for output: what is in it stays until it is discarded, also while no engine lives. */
  takeHeld(): string {
    if (this.#free.length === 0) {
      const batch = Array.from({ length: BATCH }, () => this.take());
      try {
        this.hold(batch);
      } catch (error) {
        for (const path of batch) this.discard(path);
        throw error;
      }
      this.#free = batch;
    }
    return this.#free.pop()!;
  }

  /** Has FIFOs held from now on. */
  hold(paths: Iterable<string>): void {
    const batch: Batch = { holder: undefined, paths: new Set(paths) };
    const fds = openAll(batch.paths, O_RDONLY | O_NONBLOCK);
    try {
      if (fds.length > 0) batch.holder = startHolder(fds, this.#folder);
    } finally {
      for (const fd of fds) closeSync(fd);
    }
    this.#batches.add(batch);
  }

  discard(path: string): void {
    rmSync(path, { force: true });
    for (const batch of this.#batches) {
      if (!batch.paths.delete(path) || batch.paths.size > 0) continue;
      if (batch.holder) endHolder(batch.holder);
      this.#batches.delete(batch);
    }
  }

  /**
   * Removes what an engine that died left here, but for what is in use: paths of FIFOs and of files beside them.
   * `held` of them get a new holder before the old ones end.
   */
  sweep(inUse: ReadonlySet<string>, held: string[]): void {
    const left = findHolders(this.#folder);
    if (held.length > 0) this.hold(held);
    for (const name of readdirSync(this.#folder)) {
      const path = join(this.#folder, name);
      if (!inUse.has(path)) rmSync(path, { force: true });
    }
    // One that is for a single FIFO holds a stdin open, which may still be needed.
    for (const { name, of } of left) if (!inUse.has(of)) endHolder(name);
  }

  /** Ends all holders. */
  close(): void {
    for (const { name } of findHolders(this.#folder)) endHolder(name);
  }
}

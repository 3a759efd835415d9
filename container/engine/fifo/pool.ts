// FIFOs made several at a time: Node has no call for mkfifo(3), and no command should pay for a fork.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const BATCH = 32;

/** A stock of fresh FIFOs in one folder. Whoever takes one owns it and ends it with `discard`. */
export class FifoPool {
  readonly #folder: string;
  #made = 0;
  #free: string[] = [];

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#make();
  }

  /** Path of a FIFO that nobody has opened yet. */
  take(): string {
    if (this.#free.length === 0) this.#make();
    return this.#free.pop()!;
  }

  discard(path: string): void {
    rmSync(path, { force: true });
  }

  #make(): void {
    const paths = Array.from({ length: BATCH }, () => join(this.#folder, String(this.#made++)));
    execFileSync('mkfifo', ['-m', '600', ...paths], { stdio: 'ignore' });
    this.#free.push(...paths);
  }
}

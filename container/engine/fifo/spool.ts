// Where the bytes of one FIFO go first: a file that the kernel moves them into, so that an engine that is killed
// between taking them and keeping them in the log has not lost them.
// Invariant: of the leased stream, the file holds at least all bytes that are not in the log yet.
import { closeSync, constants, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import { EAGAIN, errno, failed, moveFromPipe, seekEnd } from '../linux/libc.ts';

const { O_RDWR, O_CREAT, O_EXCL } = constants;
const PIECE = 64 * 1024;
/** Past it the bytes go on in a new file: hundreds of streams may have one in a small /dev/shm. */
const ROLL_BYTES = 128 * 1024;

/** One buffer serves all spools: each piece is consumed before the next is taken. */
const buffer = Buffer.allocUnsafe(PIECE);

/** Where a stream's bytes begin: the file, and how many bytes of it belong to what came before. */
export interface SpoolPlace {
  file: string;
  at: number;
}

export class Spool {
  readonly #stem: string;
  #made: number;
  #file: string;
  #fd: number;
  /** Bytes of the file that were handed on. */
  #at = 0;

  /** A new one, in files named after `stem`. */
  constructor(stem: string, opened?: { file: string; made: number; fd: number }) {
    this.#stem = stem;
    this.#made = opened?.made ?? 0;
    this.#file = opened?.file ?? '';
    this.#fd = opened?.fd ?? -1;
    if (!opened) this.#next();
  }

  /** Goes on with the spool of an engine that died; `at` bytes of the file are in the log. */
  static resume(stem: string, { file, at }: SpoolPlace): Spool {
    const made = Number(file.slice(file.lastIndexOf('.') + 1)) + 1;
    const fd = openSync(file, O_RDWR);
    seekEnd(fd);
    const spool = new Spool(stem, { file, made, fd });
    spool.#at = at;
    return spool;
  }

  get place(): SpoolPlace {
    return { file: this.#file, at: this.#at };
  }

  /** What is in the file and was not handed on: what a dead engine had taken and not logged. Call it until it is empty. */
  rest(): Uint8Array {
    return this.#handOn(Math.min(PIECE, fstatSync(this.#fd).size - this.#at));
  }

  /** Takes what waits in the pipe, one piece: null when nothing waits, empty at its end. The next call reuses its memory. */
  take(pipe: number): Uint8Array | null {
    const moved = moveFromPipe(pipe, this.#fd, PIECE);
    if (moved > 0) return this.#handOn(moved);
    if (moved === 0) return buffer.subarray(0, 0);
    if (errno() === EAGAIN) return null;
    throw failed('splice', this.#file);
  }

  /** The same past a file that takes no more: what is taken this way is lost with the engine. */
  takeUnsafely(pipe: number): Uint8Array | null {
    try {
      return buffer.subarray(0, readSync(pipe, buffer, 0, PIECE, null));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return null;
      throw error;
    }
  }

  get isLong(): boolean {
    return this.#at >= ROLL_BYTES;
  }

  /** Goes on in a new file; `moved` is told its place before anything is in it, and the old one is gone after that. */
  roll(moved: (place: SpoolPlace) => void): void {
    const [file, fd] = [this.#file, this.#fd];
    this.#next();
    moved(this.place);
    closeSync(fd);
    rmSync(file, { force: true });
  }

  close(): void {
    closeSync(this.#fd);
    rmSync(this.#file, { force: true });
  }

  #handOn(length: number): Uint8Array {
    let filled = 0;
    while (filled < length) {
      const count = readSync(this.#fd, buffer, filled, length - filled, this.#at + filled);
      if (count === 0) break;
      filled += count;
    }
    this.#at += filled;
    return buffer.subarray(0, filled);
  }

  #next(): void {
    this.#file = `${this.#stem}.spool.${this.#made++}`;
    this.#fd = openSync(this.#file, O_RDWR | O_CREAT | O_EXCL, 0o600);
    this.#at = 0;
  }
}

// The reading side of one output FIFO, leased to one command at a time.
// Invariant: while it is idle or leased the engine holds a writing end (the guard) as well, so that
// the event loop never sees an end of file; the guard is lifted to ask whether anybody else writes.
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';

const READ_SIZE = 64 * 1024;
const {
  O_RDONLY,
  O_WRONLY,
  O_NONBLOCK,
  O_CLOEXEC = 0,
} = constants as typeof constants & { O_CLOEXEC?: number };

/** More than fits into one (fcntl(2), F_SETPIPE_SZ) was written meanwhile: by somebody who still holds it. */
const MOST_IN_FIFO = 1024 * 1024;

/** One buffer serves all readers: each chunk is consumed before the next read. */
const buffer = Buffer.allocUnsafe(READ_SIZE);

export class OutputFifo {
  readonly path: string;
  readonly #fd: number;
  readonly #socket: Socket;
  #guard: number | undefined;
  #sink: (chunk: Uint8Array) => void = ignore;
  #ended: () => void = ignore;

  constructor(path: string) {
    this.path = path;
    this.#fd = openSync(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    this.#guard = openSync(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    this.#socket = new Socket({
      fd: this.#fd,
      readable: true,
      writable: false,
      onread: {
        buffer,
        callback: (count, bytes) => {
          this.#sink((bytes as Buffer).subarray(0, count));
          return true;
        },
      },
    } as ConstructorParameters<typeof Socket>[0]);
    this.#socket.on('end', () => this.close());
    this.#socket.on('error', () => this.close());
  }

  /** Hands what is read from now on to `sink`, which must not keep the chunk. */
  lease(sink: (chunk: Uint8Array) => void): void {
    this.#sink = sink;
  }

  /**
   * Reads all that is in the FIFO and asks who still holds it.
   * `free`: nobody, it can be leased again. `held`: a process left in the background does; it goes on
   * being read into the same sink until its end of file, then `ended` is called and the FIFO is closed.
   */
  drain(ended: () => void): 'free' | 'held' {
    this.#dropGuard();
    for (let drained = 0; ; ) {
      let count: number;
      try {
        count = readSync(this.#fd, buffer, 0, READ_SIZE, null);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        this.#ended = ended;
        return 'held';
      }
      if (count === 0) break;
      this.#sink(buffer.subarray(0, count));
      drained += count;
      if (drained > MOST_IN_FIFO) {
        this.#ended = ended;
        return 'held';
      }
    }
    this.#sink = ignore;
    this.#guard = openSync(this.path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    return 'free';
  }

  close(): void {
    this.#dropGuard();
    this.#socket.destroy();
    const ended = this.#ended;
    this.#ended = ignore;
    ended();
  }

  #dropGuard(): void {
    if (this.#guard !== undefined) closeSync(this.#guard);
    this.#guard = undefined;
  }
}

function ignore(): void {}

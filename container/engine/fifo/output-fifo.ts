// The reading side of one output FIFO, leased to one command at a time.
// It is watched once its command runs for a moment; that of a shorter one is read when the command is complete.
// Invariant: while it is watched for a command that runs, the engine holds a writing end (the guard) as well, so that
// no end of file is seen before the shell has opened it; without the guard, reading tells whether anybody writes.
import { closeSync, constants, openSync } from 'node:fs';
import type { Poller } from '../linux/poller.ts';
import { Spool, type SpoolPlace } from './spool.ts';

const {
  O_RDONLY,
  O_WRONLY,
  O_NONBLOCK,
  O_CLOEXEC = 0,
} = constants as typeof constants & { O_CLOEXEC?: number };

/** More than fits into one (fcntl(2), F_SETPIPE_SZ) was written meanwhile: by somebody who still holds it. */
const MOST_IN_FIFO = 1024 * 1024;
/** Read in one go, before another FIFO has its turn. */
const TURN_BYTES = 256 * 1024;
/** Most commands are over by then, and being told of their output by another thread costs more than reading it. */
const WATCH_AFTER_MS = 1;
/** Commands that run together take longer: for so many that are not watched yet, so much more. */
const YOUNG_FOR_EACH_MS = 4;
/** With no descriptor left for the guard. */
const WATCH_AGAIN_MS = 50;

/** Who a FIFO is leased to. */
export interface Lease {
  /** Keeps a chunk in the log; must not keep its memory. */
  sink(chunk: Uint8Array): void;
  /** Whether all that the sink was given is in the log: none of it is held back. */
  allKept(): boolean;
  /** The stream goes on at another place of the spool. */
  moved(place: SpoolPlace): void;
}

/** Leased, and not watched yet. */
const young = new Set<OutputFifo>();

const NOBODY: Lease = { sink() {}, allKept: () => false, moved() {} };

export class OutputFifo {
  readonly path: string;
  readonly #poller: Poller;
  readonly #fd: number;
  readonly #spool: Spool;
  #guard: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #watched = false;
  #lease = NOBODY;
  #ended: () => void = () => {};
  #closed = false;

  /** `resumed`: where an engine that died had come to; what it took and did not keep goes to its lease first. */
  constructor(path: string, poller: Poller, resumed?: { place: SpoolPlace; lease: Lease }) {
    this.path = path;
    this.#poller = poller;
    this.#fd = openSync(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    try {
      this.#spool = resumed ? Spool.resume(path, resumed.place) : new Spool(path);
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
    if (!resumed) return;
    this.#lease = resumed.lease;
    for (let rest = this.#spool.rest(); rest.length > 0; rest = this.#spool.rest()) this.#lease.sink(rest);
    this.#watchGuarded();
  }

  /** Hands what is read from now on to `lease`. */
  lease(lease: Lease): void {
    if (this.#spool.isLong) this.#spool.roll(() => {});
    this.#lease = lease;
    young.add(this);
    this.#timer = setTimeout(this.#watchGuarded, WATCH_AFTER_MS + young.size / YOUNG_FOR_EACH_MS);
  }

  /** Where the next byte will be. */
  get place(): SpoolPlace {
    return this.#spool.place;
  }

  /**
   * Reads all that is in the FIFO and asks who still holds it.
   * `free`: nobody, it can be leased again. `held`: a process left in the background does; it goes on
   * being read into the same lease until its end of file, then `ended` is called and the FIFO is closed.
   */
  drain(ended: () => void): 'free' | 'held' {
    this.#stopTimer();
    this.#dropGuard();
    for (let drained = 0; ; ) {
      const chunk = this.#take();
      if (chunk?.length === 0) break;
      drained += chunk?.length ?? 0;
      if (!chunk || drained > MOST_IN_FIFO) {
        this.#ended = ended;
        this.#watch();
        return 'held';
      }
    }
    this.#lease = NOBODY;
    this.#unwatch();
    return 'free';
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopTimer();
    this.#dropGuard();
    this.#unwatch();
    closeSync(this.#fd);
    this.#spool.close();
    this.#ended();
  }

  #read(): void {
    for (let read = 0; read < TURN_BYTES; ) {
      const chunk = this.#take();
      if (!chunk) return;
      if (chunk.length === 0) {
        this.close();
        return;
      }
      read += chunk.length;
    }
  }

  #take(): Uint8Array | null {
    try {
      const chunk = this.#spool.take(this.#fd);
      if (!chunk || chunk.length === 0) return chunk;
      this.#lease.sink(chunk);
      if (this.#spool.isLong && this.#lease.allKept()) this.#spool.roll((place) => this.#lease.moved(place));
      return chunk;
    } catch (error) {
      if (!isFull(error)) throw error;
      // A command's output goes on while its log takes it.
      const chunk = this.#spool.takeUnsafely(this.#fd);
      if (!chunk || chunk.length === 0) return chunk;
      this.#lease.sink(chunk);
      if (this.#lease.allKept()) this.#lease.moved(this.#spool.place);
      return chunk;
    }
  }

  #stopTimer(): void {
    young.delete(this);
    clearTimeout(this.#timer);
  }

  readonly #watchGuarded = (): void => {
    young.delete(this);
    try {
      this.#guard ??= openSync(this.path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
      this.#watch();
    } catch {
      this.#timer = setTimeout(this.#watchGuarded, WATCH_AGAIN_MS);
    }
  };

  #watch(): void {
    if (this.#watched) return;
    this.#watched = true;
    this.#poller.add(this.#fd, () => this.#read());
  }

  #unwatch(): void {
    if (!this.#watched) return;
    this.#watched = false;
    this.#poller.remove(this.#fd);
  }

  #dropGuard(): void {
    if (this.#guard !== undefined) closeSync(this.#guard);
    this.#guard = undefined;
  }
}

function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
}

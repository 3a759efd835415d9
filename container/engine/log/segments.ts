// The bytes of a log on disk, in files of which the oldest can leave.
// Invariant: holds the bytes [head, end) of the log; every file starts at a line's start.
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import type { Mark } from './marks.ts';

interface Segment {
  path: string;
  /** Where it starts in the log. */
  first: Mark;
  /** Offset in the log behind its last byte. */
  end: number;
}

/** How many files a rolling log is spread over: the grain in which its head leaves. */
const PIECES = 8;

export class Segments {
  readonly #path: string;
  readonly #limit: number;
  readonly #segments: Segment[] = [];
  #made = 0;
  #fd: number | undefined;

  /** `limit` in bytes: past it whole files leave from the head. Infinity keeps one file for ever. */
  constructor(path: string, limit: number) {
    this.#path = path;
    this.#limit = limit;
  }

  /** Appends whole lines that start at `place`; answers where the log starts now. */
  append(lines: Buffer, place: Mark): Mark {
    let last = this.#segments.at(-1);
    if (!last || last.end - last.first.offset >= this.#limit / PIECES) {
      this.rest();
      last = { path: `${this.#path}.${this.#made++}`, first: place, end: place.offset };
      this.#segments.push(last);
    }
    this.#fd ??= openSync(last.path, 'a+', 0o600);
    let written = 0;
    while (written < lines.length) written += writeSync(this.#fd, lines, written);
    last.end += lines.length;
    while (this.#segments.length > 1 && last.end - this.#segments[0]!.first.offset > this.#limit) {
      rmSync(this.#segments.shift()!.path, { force: true });
    }
    return this.#segments[0]!.first;
  }

  /** Fills `into` from `offset` on, as far as one file goes; answers the number of bytes, 0 if they left. */
  read(offset: number, length: number, into: Buffer): number {
    const segment = this.#segments.find(({ end }) => offset < end);
    if (!segment || offset < segment.first.offset) return 0;
    const wanted = Math.min(length, segment.end - offset);
    const current = segment === this.#segments.at(-1) ? this.#fd : undefined;
    const fd = current ?? openSync(segment.path, 'r');
    try {
      let filled = 0;
      while (filled < wanted) {
        const count = readSync(fd, into, filled, wanted - filled, offset - segment.first.offset + filled);
        if (count === 0) break;
        filled += count;
      }
      return filled;
    } finally {
      if (fd !== current) closeSync(fd);
    }
  }

  /** Gives back the file descriptor. */
  rest(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  remove(): void {
    this.rest();
    for (const { path } of this.#segments.splice(0)) rmSync(path, { force: true });
  }
}

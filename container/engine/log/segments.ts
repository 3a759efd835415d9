// The bytes of a log on disk, in files of which the oldest can leave.
// Invariant: holds the bytes [head, end) of the log; every file starts at a line's start.
import {
  closeSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import type { Mark } from './marks.ts';

interface Segment {
  number: number;
  path: string;
  /** Where it starts in the log. */
  first: Mark;
  /** Offset in the log behind its last byte. */
  end: number;
}

/** A file of the log as it is known without looking into it. */
export interface SegmentPlace {
  number: number;
  first: Mark;
}

/** How many files a rolling log is spread over: the grain in which its head leaves. */
const PIECES = 8;

export class Segments {
  readonly #path: string;
  readonly #limit: number;
  readonly #onChange: (files: SegmentPlace[]) => void;
  #segments: Segment[] = [];
  #made = 0;
  #fd: number | undefined;

  /**
   * `limit` in bytes: past it whole files leave from the head. Infinity keeps one file for ever. `onChange` is told
   * the files when one is about to be made.
   */
  constructor(path: string, limit: number, onChange: (files: SegmentPlace[]) => void) {
    this.#path = path;
    this.#limit = limit;
    this.#onChange = onChange;
  }

  /** Takes over the files that an engine left behind; the last one is cut after its last whole line. */
  restore(places: SegmentPlace[]): void {
    this.#segments = places.flatMap(({ number, first }) => {
      const path = `${this.#path}.${number}`;
      const size = wholeLinesOf(path);
      return size === 0 ? [] : [{ number, path, first, end: first.offset + size }];
    });
    this.#made = (places.at(-1)?.number ?? -1) + 1;
  }

  get first(): Mark | undefined {
    return this.#segments[0]?.first;
  }

  /** The last file: where it starts, and the offset behind its end. */
  get last(): { first: Mark; end: number } | undefined {
    return this.#segments.at(-1);
  }

  /** Appends whole lines that start at `place`; answers where the log starts now. */
  append(lines: Buffer, place: Mark): Mark {
    let last = this.#segments.at(-1);
    if (!last || last.end - last.first.offset >= this.#limit / PIECES) {
      this.rest();
      const number = this.#made++;
      last = { number, path: `${this.#path}.${number}`, first: place, end: place.offset };
      this.#onChange([...this.#segments, last].map(({ number, first }) => ({ number, first })));
      this.#segments.push(last);
    }
    this.#fd ??= openSync(last.path, 'a+', 0o600);
    try {
      for (let written = 0; written < lines.length; ) written += writeSync(this.#fd, lines, written);
    } catch (error) {
      // A full disk may have taken some of it.
      ftruncateSync(this.#fd, last.end - last.first.offset);
      throw error;
    }
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

/** Size of a file up to its last newline, to which it is cut; 0 if there is none. */
function wholeLinesOf(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return 0;
  const fd = openSync(path, 'r');
  try {
    const piece = Buffer.allocUnsafe(64 * 1024);
    for (let end = size; end > 0; end -= piece.length) {
      const from = Math.max(0, end - piece.length);
      const count = readSync(fd, piece, 0, end - from, from);
      const newline = piece.subarray(0, count).lastIndexOf(NEWLINE);
      if (newline < 0) continue;
      const whole = from + newline + 1;
      if (whole < size) truncateSync(path, whole);
      return whole;
    }
    return 0;
  } finally {
    closeSync(fd);
  }
}

const NEWLINE = 10;

// The log of one command: labelled lines, append-only, on disk once they are more than a few, with the
// newest part in memory. Invariant: a line's number is its seq, for every reader, whenever it reads.
import { LIMITS } from '#protocol';
import { Labeler, type Labelled, labelledSize, type StreamName } from './label.ts';
import { type Mark, Marks } from './marks.ts';
import { Ring } from './ring.ts';
import { type SegmentPlace, Segments } from './segments.ts';
import { unlabelStream } from './unlabel.ts';

const READ_SIZE = 96 * 1024;
/** Logs up to this size are in memory alone: most commands print little, and a file costs more than they do. */
const MEMORY_ONLY = 8 * 1024;
const NEWLINE = 10;

/** No line is longer, so that one read always holds a whole one. */
const PIECE = 64 * 1024;

const scratch = Buffer.allocUnsafe(labelledSize(PIECE));
const page = Buffer.allocUnsafe(READ_SIZE);

/** Keeps what a log does not keep in files, so that another engine can go on with it. */
export interface LogKeeper {
  /** Lines of a log that is small, and so in memory alone. */
  lines(lines: Buffer): void;
  /** A file is about to be made. */
  files(places: SegmentPlace[]): void;
  /** All of it is in files now. */
  filed(): void;
}

/** What a keeper kept. */
export interface KeptLog {
  lines: Buffer | undefined;
  files: SegmentPlace[];
}

const NO_KEEPER: LogKeeper = { lines() {}, files() {}, filed() {} };

export class CommandLog {
  readonly #labelers = { stdout: new Labeler('stdout'), stderr: new Labeler('stderr') };
  readonly #keeper: LogKeeper;
  readonly #segments: Segments;
  readonly #marks = new Marks();
  #ring: Ring | undefined = new Ring(LIMITS.ringBytes);
  #removed = false;
  /** A write failed: what comes behind the gap would be taken for what is missing. */
  #broken = false;
  /** The oldest line that is still kept. */
  #head: Mark;
  /** Length of the log in bytes, with what has left it. */
  size = 0;
  /** Lines so far: the seq of the last one. */
  seq = 0;
  stdoutBytes = 0;
  stderrBytes = 0;

  /** Files `path.0` and so on are made when the log outgrows memory; past `rollBytes` the oldest leave. */
  constructor(path: string, rollBytes = Number.POSITIVE_INFINITY, keeper = NO_KEEPER) {
    this.#keeper = keeper;
    this.#segments = new Segments(path, rollBytes, (places) => keeper.files(places));
    this.#head = this.end;
  }

  /** Becomes the log of which a keeper kept this. Call it first. */
  restore({ lines, files }: KeptLog): void {
    this.#segments.restore(files);
    const { first, last } = this.#segments;
    const inFiles = last?.end ?? 0;
    if (first && last && inFiles >= (lines?.length ?? 0)) {
      this.#head = first;
      for (const { first: mark } of files) this.#marks.passed(mark);
      this.size = inFiles;
      this.#ring = undefined;
      this.#countFrom(last.first);
      this.#ring = new Ring(LIMITS.ringBytes, this.size);
    } else if (lines) {
      this.#segments.remove();
      this.#ring!.append(lines);
      this.size = lines.length;
      this.#countFrom(this.#head);
    }
  }

  /** Bytes of a stream that wait for the rest of their character. */
  heldBytes(stream: StreamName): number {
    return this.#labelers[stream].heldBytes;
  }

  /** The oldest line that is still kept. */
  get head(): Mark {
    return this.#head;
  }

  /** The place behind the last line. */
  get end(): Mark {
    return {
      offset: this.size,
      seq: this.seq,
      stdoutBytes: this.stdoutBytes,
      stderrBytes: this.stderrBytes,
    };
  }

  /** Bytes of the log that have not left it. */
  get keptBytes(): number {
    return this.size - this.#head.offset;
  }

  /** Appends what a stream wrote; every reader sees it when this returns. */
  append(stream: StreamName, chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; at += PIECE) {
      const piece = chunk.subarray(at, at + PIECE);
      this.#commit(stream, this.#labelers[stream].label(piece, scratch));
    }
  }

  /** Appends what the labelers hold back: the starts of characters that never became whole. */
  flush(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      this.#commit(stream, this.#labelers[stream].end(scratch));
    }
  }

  /** Gives back the file descriptor and, for all but small logs, the memory. */
  rest(): void {
    if (this.size > MEMORY_ONLY) this.#ring = undefined;
    this.#segments.rest();
  }

  /** Removes the files, for good: whoever still reads finds that all has left, and what is still written leaves at once. */
  remove(): void {
    this.#segments.remove();
    this.#ring = undefined;
    this.#removed = true;
    this.#head = this.end;
  }

  /**
   * Whole lines from `offset` (a line's start, not before the head) up to `end`, about 256 KiB of them at
   * most. The bytes are good until the next read of any log: use them before you wait for anything.
   */
  read(offset: number, end = this.size): Buffer {
    const length = Math.min(READ_SIZE, end - offset);
    if (length <= 0) return page.subarray(0, 0);
    if (this.#ring && offset >= this.#ring.start) {
      return wholeLines(this.#ring.read(offset, length, page));
    }
    return wholeLines(page.subarray(0, this.#segments.read(offset, length, page)));
  }

  /**
   * The place behind line `seq`, or the end when there is no such line yet. Of a line that has left the log
   * it is exact for a seq that was `given`, else the last known place before it.
   */
  placeAfter(seq: number): Mark {
    if (seq >= this.seq) return this.end;
    let mark = this.#marks.atSeq(seq);
    if (seq < this.#head.seq) return mark;
    if (mark.offset < this.#head.offset) mark = this.#head;
    return this.#lineAfter(mark, seq);
  }

  #lineAfter(from: Mark, seq: number): Mark {
    let mark = from;
    while (mark.seq < seq) {
      const lines = this.read(mark.offset);
      let at = 0;
      let count = mark.seq;
      while (count < seq && at < lines.length) {
        at = lines.indexOf(NEWLINE, at) + 1;
        count++;
      }
      mark = advance(mark, lines.subarray(0, at), count);
    }
    return mark;
  }

  /** The place `count` lines behind a place. */
  behind(mark: Mark, count: number): Mark {
    return this.#lineAfter(mark, mark.seq + count);
  }

  /** A reader was told this place and may come back with its seq. */
  given(mark: Mark): void {
    this.#marks.given(mark);
  }

  /** A place at or before which at most `bytes` of what `count` counts stood; not before the head. */
  placeAtByte(bytes: number, count: (mark: Mark) => number): Mark {
    const mark = this.#marks.lastWhere((one) => count(one) <= bytes);
    return mark.offset < this.#head.offset ? this.#head : mark;
  }

  /** Kept first, then seen: what a reader was given is there again after another engine's death. */
  #commit(stream: StreamName, labelled: Labelled): void {
    if (labelled.size === 0 || this.#broken) return;
    const bytes = scratch.subarray(0, labelled.size);
    this.#broken = true;
    const head = this.#removed ? undefined : this.#keep(bytes, this.end);
    this.#broken = false;
    this.size += labelled.size;
    this.seq += labelled.lines;
    if (stream === 'stdout') this.stdoutBytes += labelled.dataBytes;
    else this.stderrBytes += labelled.dataBytes;
    this.#ring?.append(bytes);
    this.#head = head ?? this.end;
    this.#marks.passed(this.end);
  }

  /** Answers where the log starts now. */
  #keep(bytes: Buffer, before: Mark): Mark {
    // Also where a death cut a file so short that memory alone would do.
    if (this.#segments.last) return this.#segments.append(bytes, before);
    if (before.offset + bytes.length <= MEMORY_ONLY) {
      this.#keeper.lines(bytes);
      return this.#head;
    }
    if (before.offset === 0) return this.#segments.append(bytes, before);
    const lines = Buffer.concat([this.#ring!.read(0, before.offset, page), bytes]);
    const head = this.#segments.append(lines, this.#head);
    this.#keeper.filed();
    return head;
  }

  /** Counts what is behind `mark`, where the last counting ended. */
  #countFrom(mark: Mark): void {
    let at = mark;
    while (at.offset < this.size) {
      const lines = this.read(at.offset);
      let count = 0;
      for (let next = lines.indexOf(NEWLINE); next >= 0; next = lines.indexOf(NEWLINE, next + 1)) count++;
      at = advance(at, lines, at.seq + count);
      this.#marks.passed(at);
    }
    this.seq = at.seq;
    this.stdoutBytes = at.stdoutBytes;
    this.stderrBytes = at.stderrBytes;
  }
}

/** The mark behind `lines`, which start at `mark`. */
function advance(mark: Mark, lines: Uint8Array, seq: number): Mark {
  const into = new Uint8Array(lines.length);
  return {
    offset: mark.offset + lines.length,
    seq,
    stdoutBytes: mark.stdoutBytes + unlabelStream(lines, 'stdout', into, 0),
    stderrBytes: mark.stderrBytes + unlabelStream(lines, 'stderr', into, 0),
  };
}

/** There is always one, see PIECE. */
function wholeLines(bytes: Buffer): Buffer {
  return bytes.subarray(0, bytes.lastIndexOf(NEWLINE) + 1);
}

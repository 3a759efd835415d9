// Known places of a log, so that reading on from a seq or a byte need not start at the beginning. Pure.

/** A place in the log, at a line's start: what stood before it. */
export interface Mark {
  offset: number;
  /** Lines before it. */
  seq: number;
  stdoutBytes: number;
  stderrBytes: number;
}

const EVERY_BYTES = 256 * 1024;
/** Seqs that readers were given and will come back with; of older ones the place is known less exactly. */
const REMEMBERED = 4096;
const MOST = 16_384;

export class Marks {
  #marks: Mark[] = [{ offset: 0, seq: 0, stdoutBytes: 0, stderrBytes: 0 }];
  readonly #given = new Map<number, Mark>();

  /** Takes note of the log's end, now and then. */
  passed(end: Mark): void {
    if (end.offset - this.#marks.at(-1)!.offset < EVERY_BYTES) return;
    this.#marks.push(end);
    // A log that goes on for ever gets coarser at its old end, where only counts are asked for.
    if (this.#marks.length > MOST) {
      const half = this.#marks.length >> 1;
      this.#marks = this.#marks.filter((_, i) => i >= half || i % 2 === 0);
    }
  }

  /** A reader was told this seq and will come back with it. */
  given(mark: Mark): void {
    this.#given.set(mark.seq, mark);
    if (this.#given.size > REMEMBERED) this.#given.delete(this.#given.keys().next().value!);
  }

  /** The last known place at or before line `seq`. */
  atSeq(seq: number): Mark {
    return this.#given.get(seq) ?? this.lastWhere((mark) => mark.seq <= seq);
  }

  /** The last mark for which `holds`; it holds for all marks before it. */
  lastWhere(holds: (mark: Mark) => boolean): Mark {
    let low = 0;
    let high = this.#marks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (holds(this.#marks[middle]!)) low = middle;
      else high = middle - 1;
    }
    return this.#marks[low]!;
  }
}

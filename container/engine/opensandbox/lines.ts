// Splits one stream into lines of text. Pure.
// A partial line waits for its newline or the end; a very long one comes in pieces.
import { cutCharacterBytes } from '../log/label.ts';

/** Bytes up to which a line comes whole. */
const LONGEST_LINE = 16 * 1024 * 1024;
const NEWLINE = 10;

export class LineSplitter {
  #parts: Buffer[] = [];
  #size = 0;

  /** Lines that became whole, without their newline. */
  *push(chunk: Buffer): Generator<string> {
    let from = 0;
    for (;;) {
      const at = chunk.indexOf(NEWLINE, from);
      if (at < 0) break;
      yield this.#take(chunk.subarray(from, at));
      from = at + 1;
    }
    if (from < chunk.length) this.#keep(Buffer.from(chunk.subarray(from)));
    while (this.#size > LONGEST_LINE) {
      const all = Buffer.concat(this.#parts);
      const piece = all.subarray(0, LONGEST_LINE);
      const end = LONGEST_LINE - cutCharacterBytes(piece);
      this.#parts = [];
      this.#size = 0;
      this.#keep(all.subarray(end));
      yield all.toString('utf8', 0, end);
    }
  }

  /** The unterminated last line, if there is one. */
  *end(): Generator<string> {
    if (this.#size > 0) yield this.#take(Buffer.alloc(0));
  }

  #keep(part: Buffer): void {
    this.#parts.push(part);
    this.#size += part.length;
  }

  #take(last: Buffer): string {
    if (this.#size === 0) return last.toString();
    const line = Buffer.concat([...this.#parts, last]).toString();
    this.#parts = [];
    this.#size = 0;
    return line;
  }
}

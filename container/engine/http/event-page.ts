// A page of output events as bytes. Written straight into memory that is used again for the next page:
// strings in between would cost several times the output in garbage.
// Invariant: the bytes are those of `encodeEvent` with the same data.
import { isUtf8 } from 'node:buffer';
import type { SequencedRun } from '../command/follow.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
/** JSON's escape of each control character, RFC 8259 section 7, as JSON.stringify writes it. */
const ESCAPES = Array.from({ length: SPACE }, (_, code) =>
  Buffer.from(JSON.stringify(String.fromCharCode(code)).slice(1, -1)),
);
/** The longest escape, \u001b, of one byte. */
const WORST = 6;
const FRAME = 128;

export class EventPage {
  #bytes = Buffer.allocUnsafe(4096);
  #size = 0;

  /** Encodes the runs; the answer is good until the next call. */
  encode(runs: Iterable<SequencedRun>): Buffer {
    this.#size = 0;
    for (const run of runs) this.#add(run);
    return this.#bytes.subarray(0, this.#size);
  }

  #add({ stream, data, seq }: SequencedRun): void {
    const text = isUtf8(data);
    this.#reserve(FRAME + data.length * (text ? WORST : 2));
    this.#put(`id: ${seq}\nevent: ${stream}\ndata: {"${text ? 'data' : 'dataBase64'}":"`);
    if (text) this.#escape(data);
    else this.#put(data.toString('base64'));
    this.#put('"}\n\n');
  }

  #put(ascii: string): void {
    this.#size += this.#bytes.write(ascii, this.#size, 'latin1');
  }

  #escape(data: Uint8Array): void {
    const bytes = this.#bytes;
    let at = this.#size;
    for (let i = 0; i < data.length; i++) {
      const byte = data[i]!;
      if (byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH) {
        bytes[at++] = byte;
      } else if (byte >= SPACE) {
        bytes[at++] = BACKSLASH;
        bytes[at++] = byte;
      } else {
        const escaped = ESCAPES[byte]!;
        for (let j = 0; j < escaped.length; j++) bytes[at++] = escaped[j]!;
      }
    }
    this.#size = at;
  }

  #reserve(more: number): void {
    if (this.#size + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#size + more, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#size);
    this.#bytes = larger;
  }
}

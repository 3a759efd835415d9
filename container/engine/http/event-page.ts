// Output events as bytes, written straight from the lines of a log into memory that is used again for the next page:
// strings in between would cost several times the output in garbage.
// Invariant: the bytes are those of `encodeEvent` with the same data.
import { isUtf8 } from 'node:buffer';
import type { Counts } from '../command/follow.ts';
import { STREAM_CODE, type StreamName } from '../log/label.ts';
import { type Run, unlabel } from '../log/unlabel.ts';

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const LETTER_N = 0x6e;
/** JSON's escape of each control character, RFC 8259 section 7, as JSON.stringify writes it. */
const ESCAPES = Array.from({ length: SPACE }, (_, code) =>
  Buffer.from(JSON.stringify(String.fromCharCode(code)).slice(1, -1)),
);
/** The longest escape, \u001b, of one byte. */
const WORST = 6;
/** Of an event, around its data. */
const FRAME = 128;
const HEAD = 64;
const TAIL = '"}\n\n';
/** Each line of a log has that much beside its data. */
const LINE_FRAME = 4;

/** Notes lines of a stream that an event covers, and their bytes; answers the seq of the last. */
type Add = (stream: StreamName, lines: number, bytes: number) => number;

/** A page that was encoded: its bytes, good until the next one, and what they stand for. */
export interface Encoded extends Counts {
  bytes: Buffer;
}

export class EventPage {
  #bytes = Buffer.allocUnsafe(4096);
  #size = 0;
  #scratch = Buffer.allocUnsafe(0);

  /** Encodes whole lines of a log, behind line `seq`. An event covers neighbours of one stream, at most `mostLines`. */
  encode(lines: Uint8Array, seq: number, mostLines = Number.POSITIVE_INFINITY): Encoded {
    this.#size = 0;
    const counts = { lines: 0, stdoutBytes: 0, stderrBytes: 0 };
    const add = (stream: StreamName, count: number, bytes: number) => {
      counts.lines += count;
      if (stream === 'stdout') counts.stdoutBytes += bytes;
      else counts.stderrBytes += bytes;
      return seq + counts.lines;
    };
    // A character is never cut by a line, so a page of text is text throughout.
    if (isUtf8(lines)) this.#texts(lines, mostLines, add);
    else for (const run of this.#runs(lines, mostLines)) this.#event(run, add);
    return { bytes: this.#bytes.subarray(0, this.#size), ...counts };
  }

  /** All events of a page of text in one pass: takes the prefixes off and escapes what is left. */
  #texts(lines: Uint8Array, mostLines: number, add: Add): void {
    const { length } = lines;
    for (let i = 0; i < length; ) {
      const code = lines[i]!;
      const from = i;
      let count = 0;
      let owned = 0;
      this.#reserve(FRAME + (length - i) * WORST);
      const bytes = this.#bytes;
      // The head tells the seq of the last line, and so is written behind the data, and then before it.
      const start = this.#size + HEAD;
      let at = start;
      do {
        const ownsNewline = lines[i + 2] === code;
        i += 3;
        for (let byte = lines[i++]!; byte !== NEWLINE; byte = lines[i++]!) {
          if (byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH) bytes[at++] = byte;
          else at = putEscaped(byte, bytes, at);
        }
        if (ownsNewline) {
          bytes[at++] = BACKSLASH;
          bytes[at++] = LETTER_N;
          owned++;
        }
        count++;
      } while (i < length && lines[i] === code && count < mostLines);
      const stream = code === STREAM_CODE.stdout ? 'stdout' : 'stderr';
      this.#put(headOf(add(stream, count, i - from - LINE_FRAME * count + owned), stream, 'data'));
      bytes.copyWithin(this.#size, start, at);
      this.#size += at - start;
      this.#put(TAIL);
    }
  }

  #event({ stream, data, lines }: Run, add: Add): void {
    this.#reserve(FRAME + data.length * WORST);
    const bytes = this.#bytes;
    const text = isUtf8(data);
    this.#put(headOf(add(stream, lines, data.length), stream, text ? 'data' : 'dataBase64'));
    if (!text) this.#put(data.toString('base64'));
    else for (const byte of data) this.#size = putEscaped(byte, bytes, this.#size);
    this.#put(TAIL);
  }

  #runs(lines: Uint8Array, mostLines: number): Generator<Run> {
    if (this.#scratch.length < lines.length) this.#scratch = Buffer.allocUnsafe(lines.length);
    return unlabel(lines, this.#scratch, mostLines);
  }

  #put(ascii: string): void {
    this.#size += this.#bytes.write(ascii, this.#size, 'latin1');
  }

  #reserve(more: number): void {
    if (this.#size + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#size + more, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#size);
    this.#bytes = larger;
  }
}

function headOf(seq: number, stream: StreamName, field: 'data' | 'dataBase64'): string {
  return `id: ${seq}\nevent: ${stream}\ndata: {"${field}":"`;
}

/** Writes one byte of text as JSON has it in a string; answers the place behind it. */
function putEscaped(byte: number, into: Uint8Array, at: number): number {
  let end = at;
  if (byte >= SPACE) {
    if (byte === QUOTE || byte === BACKSLASH) into[end++] = BACKSLASH;
    into[end++] = byte;
    return end;
  }
  const escaped = ESCAPES[byte]!;
  for (let i = 0; i < escaped.length; i++) into[end++] = escaped[i]!;
  return end;
}

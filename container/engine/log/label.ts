// Turns what one stream wrote into lines of the log: `prefix data newline`. Pure.
// Invariant: unlabelling the lines, in order, gives back exactly the bytes that came in.

export type StreamName = 'stdout' | 'stderr';

/** First two bytes of a line's prefix; the third repeats it when the newline belongs to the data. */
export const STREAM_CODE = { stdout: 1, stderr: 2 } as const;

const NEWLINE = 10;

/** Bytes that `label` may write for a chunk of this size: in the worst case every byte is a newline. */
export function labelledSize(chunkBytes: number): number {
  return (chunkBytes + 3) * 4 + 4;
}

/** What one call of `label` wrote. */
export interface Labelled {
  /** Bytes written into `out`. */
  size: number;
  /** Log lines among them. */
  lines: number;
  /** Bytes of the stream they stand for. */
  dataBytes: number;
}

/**
 * The labeler of one stream of one command.
 *
 * A chunk that ends inside a line becomes a line without newline at once, so that a prompt is
 * seen while it waits. Only the first bytes of a UTF-8 character that was cut are held back
 * (three at most) until the rest arrives or the stream ends.
 */
export class Labeler {
  readonly #code: number;
  #held: Uint8Array = new Uint8Array(0);

  constructor(stream: StreamName) {
    this.#code = STREAM_CODE[stream];
  }

  /** Labels `chunk` into `out`, which holds at least `labelledSize(chunk.length)` bytes. */
  label(chunk: Uint8Array, out: Uint8Array): Labelled {
    let data = chunk;
    if (this.#held.length > 0) {
      data = new Uint8Array(this.#held.length + chunk.length);
      data.set(this.#held);
      data.set(chunk, this.#held.length);
    }
    const whole = data.length - cutCharacterBytes(data);
    this.#held = whole === data.length ? EMPTY : new Uint8Array(data.subarray(whole));
    return writeLines(this.#code, data, whole, out);
  }

  get heldBytes(): number {
    return this.#held.length;
  }

  /** Labels what was held back; call it when the stream ends or nothing more can come. */
  end(out: Uint8Array): Labelled {
    const data = this.#held;
    this.#held = EMPTY;
    return writeLines(this.#code, data, data.length, out);
  }
}

const EMPTY = new Uint8Array(0);

/** From this length on, a line is found and copied faster by the runtime than by a loop over its bytes. */
export const LONG_LINE = 64;

/** The same bytes, with the methods of a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function writeLines(code: number, chunk: Uint8Array, length: number, into: Uint8Array): Labelled {
  if (length === 0) return { size: 0, lines: 0, dataBytes: 0 };
  const data = asBuffer(chunk);
  const out = asBuffer(into);
  let at = 0;
  let lines = 0;
  let i = 0;
  let flagAt = 0;
  let long = false;
  while (i < length) {
    out[at] = code;
    out[at + 1] = code;
    flagAt = at + 2;
    out[flagAt] = code;
    at += 3;
    const start = i;
    if (long) {
      const newline = data.indexOf(NEWLINE, i);
      i = newline < 0 ? length : Math.min(newline + 1, length);
      data.copy(out, at, start, i);
      at += i - start;
    } else {
      let byte = 0;
      do {
        byte = data[i++]!;
        out[at++] = byte;
      } while (byte !== NEWLINE && i < length);
    }
    // Lines are mostly about as long as the one before.
    long = i - start >= LONG_LINE;
    lines++;
  }
  if (data[length - 1] !== NEWLINE) {
    out[flagAt] = 0;
    out[at++] = NEWLINE;
  }
  return { size: at, lines, dataBytes: length };
}

/** How many bytes at the end are the start of a UTF-8 character whose rest is missing (RFC 3629). */
export function cutCharacterBytes(data: Uint8Array): number {
  const end = data.length;
  for (let back = 1; back <= 3 && back <= end; back++) {
    const byte = data[end - back]!;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const need = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return byte <= 0xf4 && need > back ? back : 0;
  }
  return 0;
}

/** How many bytes at the start belong to a character whose beginning is missing. */
export function continuationBytes(data: Uint8Array): number {
  let count = 0;
  while (count < 3 && count < data.length && (data[count]! & 0xc0) === 0x80) count++;
  return count;
}

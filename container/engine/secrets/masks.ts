// Where secret values stand in bytes, and the bytes without them. Pure.
// Invariant: a byte is covered where it is part of any occurrence of any value, however they overlap, and each run of
// covered bytes becomes one mask. So what becomes of a byte depends on its neighbourhood alone, not on where a
// reader began.
export const MASK = Buffer.from('***');

/** A shorter end that could begin a value is not held back: most text ends so now and then. */
const TELLING_BYTES = 4;

export class Masks {
  readonly #values: Buffer[];
  /** Bytes of the longest value; 0 where there is none. */
  readonly longest: number;

  constructor(values: Iterable<string> = []) {
    this.#values = [...new Set(values)].filter((value) => value !== '').map((value) => Buffer.from(value));
    this.longest = Math.max(0, ...this.#values.map(({ length }) => length));
  }

  get isEmpty(): boolean {
    return this.longest === 0;
  }

  /** One flag for each byte, 1 where it is covered; undefined where none is. */
  covered(bytes: Buffer): Uint8Array | undefined {
    let flags: Uint8Array | undefined;
    for (const value of this.#values) {
      for (let at = bytes.indexOf(value); at >= 0; at = bytes.indexOf(value, at + 1)) {
        flags ??= new Uint8Array(bytes.length);
        flags.fill(1, at, at + value.length);
      }
    }
    return flags;
  }

  /** How many bytes at the end could be the beginning of a value that is not whole yet. */
  begun(bytes: Buffer): number {
    let most = 0;
    for (const value of this.#values) {
      const longest = Math.min(value.length - 1, bytes.length);
      for (let length = longest; length >= TELLING_BYTES && length > most; length -= 1) {
        if (bytes.compare(value, 0, length, bytes.length - length) === 0) most = length;
      }
    }
    return most;
  }

  /** The whole, masked. */
  bytes(bytes: Buffer): Buffer {
    const flags = this.covered(bytes);
    return flags ? masked(bytes, flags, 0, bytes.length) : bytes;
  }

  text(text: string): string {
    return this.isEmpty ? text : this.bytes(Buffer.from(text)).toString();
  }
}

/** Bytes [from, to) without those that are covered; a run is told where it begins. */
export function masked(bytes: Buffer, flags: Uint8Array, from: number, to: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = from; at < to; ) {
    const isCovered = flags[at] === 1;
    let end = at + 1;
    while (end < to && (flags[end] === 1) === isCovered) end += 1;
    if (!isCovered) parts.push(bytes.subarray(at, end));
    else if (at === 0 || flags[at - 1] !== 1) parts.push(MASK);
    at = end;
  }
  return Buffer.concat(parts);
}

// The newest bytes of a log, in memory. Pure.
// Invariant: holds the bytes [start, end) of the log, end - start <= limit.

const FIRST_SIZE = 512;

/** A buffer that grows by doubling up to its limit and then forgets its oldest bytes. */
export class Ring {
  readonly #limit: number;
  #bytes = Buffer.alloc(0);
  #end = 0;
  #start = 0;

  /** `limit` in bytes; `start` is the offset in the log of the first byte to come. */
  constructor(limit: number, start = 0) {
    this.#limit = limit;
    this.#start = start;
    this.#end = start;
  }

  /** Offset in the log of the oldest byte held. */
  get start(): number {
    return this.#start;
  }

  /** Offset behind the newest. */
  get end(): number {
    return this.#end;
  }

  append(data: Uint8Array): void {
    const kept = data.length > this.#limit ? data.subarray(data.length - this.#limit) : data;
    const from = this.#end + data.length - kept.length;
    const end = this.#end + data.length;
    this.#grow(Math.min(this.#limit, end - this.#start));
    this.#end = end;
    this.#start = Math.max(this.#start, end - this.#limit);
    this.#write(kept, from);
  }

  /** The bytes from `offset` on, at most `max`, copied into `into`; `offset` is within what is held. */
  read(offset: number, max: number, into: Buffer): Buffer {
    const length = Math.min(max, this.#end - offset);
    const out = into.subarray(0, length);
    if (length === 0) return out;
    const at = offset % this.#bytes.length;
    const first = Math.min(length, this.#bytes.length - at);
    this.#bytes.copy(out, 0, at, at + first);
    if (first < length) this.#bytes.copy(out, first, 0, length - first);
    return out;
  }

  #grow(needed: number): void {
    if (needed <= this.#bytes.length) return;
    const size = Math.min(this.#limit, Math.max(FIRST_SIZE, needed, this.#bytes.length * 2));
    const held = this.read(this.#start, this.#end - this.#start, Buffer.allocUnsafe(this.#end - this.#start));
    this.#bytes = Buffer.allocUnsafe(size);
    if (held.length > 0) this.#write(held, this.#start);
  }

  #write(data: Uint8Array, offset: number): void {
    const at = offset % this.#bytes.length;
    const first = Math.min(data.length, this.#bytes.length - at);
    this.#bytes.set(data.subarray(0, first), at);
    if (first < data.length) this.#bytes.set(data.subarray(first), 0);
  }
}

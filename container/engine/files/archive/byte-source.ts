// Bytes that come in chunks of any size, taken in pieces of wanted sizes. Pure.

export interface Body {
  /** Up to the body's end; undefined where the bytes end before it. */
  chunks: AsyncIterable<Buffer | undefined>;
  left(): number;
}

export class ByteSource {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Exactly so many bytes, undefined where there are fewer. A copy. */
  async take(length: number): Promise<Buffer | undefined> {
    const taken = Buffer.allocUnsafe(length);
    for (let at = 0; at < length; ) {
      const piece = await this.#next(length - at);
      if (!piece) return undefined;
      piece.copy(taken, at);
      at += piece.length;
    }
    return taken;
  }

  /** False where there are fewer; for ever, up to the end. */
  async skip(length: number): Promise<boolean> {
    for (let left = length; left > 0; ) {
      const piece = await this.#next(left);
      if (!piece) return left === Number.POSITIVE_INFINITY;
      left -= piece.length;
    }
    return true;
  }

  /** The next so many bytes as they come. */
  body(length: number): Body {
    let left = length;
    const next = async () => {
      const piece = await this.#next(left);
      left -= piece?.length ?? 0;
      return piece;
    };
    async function* chunks() {
      while (left > 0) {
        const piece = await next();
        yield piece;
        if (!piece) return;
      }
    }
    return { chunks: chunks(), left: () => left };
  }

  /** At least one byte and at most so many; undefined at the end. */
  async #next(most: number): Promise<Buffer | undefined> {
    while (this.#rest.length === 0) {
      const { value, done } = await this.#chunks.next();
      if (done) return undefined;
      this.#rest = value;
    }
    const piece = this.#rest.subarray(0, Math.min(most, this.#rest.length));
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }
}

// Follows a JSON answer that may begin with blanks, so that it can be gone on with when it breaks off. Pure.
// Invariant: of two answers whose JSON is the same, the second adds exactly what the first left out.

const BLANK = new Set([0x20, 0x0a, 0x0d, 0x09]);

export class RestOfJson {
  /** Bytes of JSON passed on so far, blanks before it left out. */
  passed = 0;
  #skip = 0;
  #begun = false;

  /** Takes what arrived, and returns what is to be passed on of it. */
  take(chunk: Uint8Array): Uint8Array {
    let at = 0;
    if (!this.#begun) {
      while (at < chunk.length && BLANK.has(chunk[at]!)) at += 1;
      if (at === chunk.length) return this.passed === 0 ? chunk : chunk.subarray(at);
      this.#begun = true;
      if (this.passed === 0) {
        this.passed = chunk.length - at;
        return chunk;
      }
    }
    const skipped = Math.min(this.#skip, chunk.length - at);
    this.#skip -= skipped;
    const fresh = chunk.subarray(at + skipped);
    this.passed += fresh.length;
    return fresh;
  }

  /** The answer broke off; what is taken next is another one from its beginning. */
  resume(): void {
    this.#skip = this.passed;
    this.#begun = false;
  }
}

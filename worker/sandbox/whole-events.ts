// Follows a stream of events as it passes, so that it can be gone on with behind the last whole event. Pure.
// Invariant: only whole events are passed on, each once; what a cut left half of is dropped and comes again.

const NEWLINE = 0x0a;
const LAST = ['exit', 'error'];

const decoder = new TextDecoder();

export class WholeEvents {
  #held: Uint8Array[] = [];
  #started = false;
  #again = false;
  /** Seq of the last output event that the client has; 0 before the first. */
  lastSeq: number;
  /** The last event was passed on: nothing is missing. */
  complete = false;

  /** `after`: the seq behind which the client asked to begin. */
  constructor(after = 0) {
    this.lastSeq = after;
    this.#started = after > 0;
  }

  /** Takes what arrived, and returns what became whole with it, if anything did. */
  take(chunk: Uint8Array): Uint8Array | undefined {
    const end = this.#endOfLastEvent(chunk);
    if (end === 0) {
      // A copy: whoever reads fills the same memory again.
      this.#held.push(chunk.slice());
      return undefined;
    }
    const whole = this.#withHeld(chunk.subarray(0, end));
    this.#held = end < chunk.length ? [chunk.slice(end)] : [];
    const passed = this.#again ? this.#withoutStart(whole) : whole;
    this.#note(passed);
    return passed.length > 0 ? passed : undefined;
  }

  /** The stream broke off; what is taken next comes from a new one that begins behind `lastSeq`. */
  resume(): void {
    this.#held = [];
    this.#again = true;
  }

  /** Behind the last empty line of the chunk, or 0. The first half of that line may be held. */
  #endOfLastEvent(chunk: Uint8Array): number {
    for (
      let at = chunk.lastIndexOf(NEWLINE);
      at >= 0;
      at = at > 0 ? chunk.lastIndexOf(NEWLINE, at - 1) : -1
    ) {
      const before = at > 0 ? chunk[at - 1] : this.#held.at(-1)?.at(-1);
      if (before === NEWLINE) return at + 1;
    }
    return 0;
  }

  #withHeld(rest: Uint8Array): Uint8Array {
    if (this.#held.length === 0) return rest;
    const parts = [...this.#held, rest];
    const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  /** A stream that begins at the beginning starts with a `start` event, which the client may have already. */
  #withoutStart(events: Uint8Array): Uint8Array {
    this.#again = false;
    if (!this.#started || !startsWith(events, 'event: start\n')) return events;
    for (let at = events.indexOf(NEWLINE); at >= 0; at = events.indexOf(NEWLINE, at + 1)) {
      if (events[at + 1] === NEWLINE) return events.subarray(at + 2);
    }
    return new Uint8Array();
  }

  /** Reads lines from the end until one holds a seq. Data holds no newline, so there are few. */
  #note(events: Uint8Array): void {
    let end = events.length;
    while (end > 0) {
      const start = end > 1 ? events.lastIndexOf(NEWLINE, end - 2) + 1 : 0;
      const line = events.subarray(start, end - 1);
      end = start;
      if (startsWith(line, 'id: ')) {
        this.lastSeq = Number(decoder.decode(line.subarray(4)));
        this.#started = true;
        return;
      }
      if (!startsWith(line, 'event: ')) continue;
      const name = decoder.decode(line.subarray(7));
      if (LAST.includes(name)) this.complete = true;
      if (name === 'start') this.#started = true;
    }
  }
}

function startsWith(bytes: Uint8Array, ascii: string): boolean {
  if (bytes.length < ascii.length) return false;
  for (let at = 0; at < ascii.length; at += 1) if (bytes[at] !== ascii.charCodeAt(at)) return false;
  return true;
}

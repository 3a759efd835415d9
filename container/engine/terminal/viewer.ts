// One viewer of a terminal: what of its output this one has been sent, at a pace of its own. Pure but for its clock.
// Invariant: bytes are sent in order, each once; those that left the ring before are told as lost, never skipped.
import type { TerminalMessage } from '#protocol';
import type { Ring } from '../log/ring.ts';

/** The way to the viewer. */
export interface Outlet {
  /** Bytes that were sent and have not left yet. */
  readonly waitingBytes: number;
  /** Calls back when they have left. */
  send(bytes: Buffer, left: () => void): void;
  tell(message: TerminalMessage): void;
  /** After the last message. */
  close(): void;
}

export interface ViewerOptions {
  /** Offset of the last byte that it has. */
  after: number;
  /** Bytes that may be unacknowledged. */
  window?: number | undefined;
  now(): number;
}

/** Of one message: several fit between two that others wait for. */
const MESSAGE_BYTES = 32 * 1024;
/** In the socket and on its way to it: past it a viewer is not fed. */
const WAITING_BYTES = 256 * 1024;

export class Viewer {
  readonly #ring: Ring;
  readonly #outlet: Outlet;
  readonly #now: () => number;
  readonly #window: number;
  #at: number;
  #acknowledged: number;
  #end: Extract<TerminalMessage, { type: 'exit' }> | undefined;
  #ended = false;
  /** When it last took something, or was not waited for. */
  #movedAt: number;
  readonly lostBytes: number;
  /**
   * Its acknowledgements cannot be heard, because input before them is held: it is fed as if it had no window. Else a
   * program that waits for it to read would never read what it typed.
   */
  deaf = false;

  constructor(ring: Ring, outlet: Outlet, { after, window, now }: ViewerOptions) {
    this.#ring = ring;
    this.#outlet = outlet;
    this.#now = now;
    const wanted = Math.min(after, ring.end);
    this.#at = Math.max(wanted, ring.start);
    this.lostBytes = this.#at - wanted;
    this.#acknowledged = this.#at;
    this.#window = window ?? Number.POSITIVE_INFINITY;
    this.#movedAt = now();
  }

  /** Offset of the byte that it is sent next. */
  get offset(): number {
    return this.#at;
  }

  /** Bytes that it has not been sent. */
  get unsentBytes(): number {
    return this.#ring.end - this.#at;
  }

  /** Offset up to which it has all, as far as that can be known: without a window, what has left for it. */
  get taken(): number {
    return this.deaf || this.#window === Number.POSITIVE_INFINITY
      ? this.#at - this.#outlet.waitingBytes
      : this.#acknowledged;
  }

  /** For how long it took nothing while it was waited for. To be asked now and then; `held`: the program waits. */
  stuckMs(held: boolean): number {
    if (!held && this.unsentBytes === 0 && this.#outlet.waitingBytes === 0) this.#movedAt = this.#now();
    return this.#now() - this.#movedAt;
  }

  /** Sends what there is, as far as it can take it. Call it whenever there is more. */
  feed(): void {
    if (this.#ended) return;
    while (this.unsentBytes > 0 && this.#outlet.waitingBytes < WAITING_BYTES) {
      const window = this.deaf ? Number.POSITIVE_INFINITY : this.#window;
      const allowed = Math.min(MESSAGE_BYTES, this.#acknowledged + window - this.#at);
      if (allowed <= 0) return;
      if (this.#at < this.#ring.start) this.#skipLost();
      const bytes = this.#ring.read(
        this.#at,
        allowed,
        Buffer.allocUnsafe(Math.min(allowed, this.unsentBytes)),
      );
      this.#at += bytes.length;
      this.#outlet.send(bytes, () => this.#moved());
    }
    if (!this.#end || this.unsentBytes > 0) return;
    this.#ended = true;
    this.#outlet.tell(this.#end);
    this.#outlet.close();
  }

  /** Told only now that there is room for what follows: it may lose more while it takes nothing. */
  #skipLost(): void {
    const lostBytes = this.#ring.start - this.#at;
    this.#at = this.#ring.start;
    // What it never gets it need not acknowledge.
    this.#acknowledged += lostBytes;
    this.#outlet.tell({ type: 'lost', offset: this.#at, lostBytes });
  }

  /** It has taken all bytes before `offset`. */
  acknowledge(offset: number): void {
    if (offset <= this.#acknowledged || offset > this.#at) return;
    this.#acknowledged = offset;
    this.#moved();
  }

  tell(message: TerminalMessage): void {
    if (!this.#ended) this.#outlet.tell(message);
  }

  /** Nothing more will come: it is told so once it has all. */
  end(message: Extract<TerminalMessage, { type: 'exit' }>): void {
    this.#end = message;
    this.feed();
  }

  #moved(): void {
    this.#movedAt = this.#now();
    this.feed();
  }
}

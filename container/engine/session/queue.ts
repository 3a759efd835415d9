// Who waits for a session, in order of arrival. Pure.
import { HoldfastError, LIMITS } from '#protocol';

export class SerialQueue<T> {
  readonly #waiting: T[] = [];

  get length(): number {
    return this.#waiting.length;
  }

  /** 429 QUEUE_FULL when too many wait already. */
  push(item: T): void {
    if (this.#waiting.length >= LIMITS.queuedCommands) {
      throw new HoldfastError(
        'QUEUE_FULL',
        `${LIMITS.queuedCommands} commands already wait in this session; retry later or use another session`,
      );
    }
    this.#waiting.push(item);
  }

  shift(): T | undefined {
    return this.#waiting.shift();
  }

  /** Takes `item` out; false if it does not wait (any more). */
  remove(item: T): boolean {
    const at = this.#waiting.indexOf(item);
    if (at >= 0) this.#waiting.splice(at, 1);
    return at >= 0;
  }

  /** Takes all out. */
  clear(): T[] {
    return this.#waiting.splice(0);
  }
}

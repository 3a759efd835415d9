// Changes that wait for their reader. What a reader could not tell apart anyway is kept once; past the limit they are
// counted, and told as missed in the place where they would have been. Pure.
import { type FileEvent, LIMITS } from '#protocol';

export type Change = Exclude<FileEvent, { type: 'watching' | 'stopped' }>;

export class ChangeQueue {
  readonly #most: number;
  #waiting: Change[] = [];
  /** Files whose content a reader will look at anew anyway. */
  #fresh = new Set<string>();
  #missed = 0;

  constructor(most: number = LIMITS.waitingChanges) {
    this.#most = most;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#missed === 0;
  }

  push(change: Change): void {
    const isFresh = change.type === 'modify' && this.#fresh.has(change.path);
    if (isFresh) return;
    if (this.#waiting.length >= this.#most) {
      this.#missed += 1;
      return;
    }
    this.#waiting.push(change);
    if (change.type === 'create' || change.type === 'modify') this.#fresh.add(change.path);
    else if ('path' in change) this.#fresh.delete(change.path);
    if (change.type === 'move') this.#fresh.delete(change.oldPath);
  }

  /** All that wait, and what was missed behind them. */
  take(now: Date): Change[] {
    const taken = this.#waiting;
    if (this.#missed > 0)
      taken.push({ type: 'overflow', missed: this.#missed, timestamp: now.toISOString() });
    this.#waiting = [];
    this.#fresh = new Set();
    this.#missed = 0;
    return taken;
  }
}

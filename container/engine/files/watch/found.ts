// What was found by looking into a new folder, and told: its own event may be on its way and tells nothing new. It
// comes with the next read at the latest. Pure.

export class Found {
  #now = new Set<string>();
  #before = new Set<string>();

  add(path: string): void {
    this.#now.add(path);
  }

  /** Whether it was found, once: what comes after that is news. */
  take(path: string): boolean {
    const now = this.#now.delete(path);
    return this.#before.delete(path) || now;
  }

  /** One read is over. */
  turn(): void {
    this.#before = this.#now;
    this.#now = new Set();
  }
}

// One at a time for each path: between looking at what is there and replacing it, no other call of ours comes.

export class PathLocks {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `act` when all that asked for the path before are done. */
  async hold<T>(path: string, act: () => Promise<T>): Promise<T> {
    const before = this.#last.get(path) ?? Promise.resolve();
    const mine = before.then(act, act);
    this.#last.set(path, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(path) === mine) this.#last.delete(path);
    }
  }
}

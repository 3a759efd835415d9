// The folders that are watched, by the numbers of their watches: each knows its parent, so that one that is moved
// takes all below it along. Pure.

export interface Folder {
  readonly watch: number;
  parent: Folder | undefined;
  /** In its parent; empty for the root. */
  name: string;
  readonly folders: Map<string, Folder>;
}

export class WatchedTree {
  readonly #byWatch = new Map<number, Folder>();

  get size(): number {
    return this.#byWatch.size;
  }

  get(watch: number): Folder | undefined {
    return this.#byWatch.get(watch);
  }

  /** A folder of that watch that was there before is taken as moved. */
  add(watch: number, parent: Folder | undefined, name: string): Folder {
    const there = this.#byWatch.get(watch);
    if (there) {
      if (parent) this.move(there, parent, name);
      return there;
    }
    const folder: Folder = { watch, parent, name, folders: new Map() };
    this.#byWatch.set(watch, folder);
    parent?.folders.set(name, folder);
    return folder;
  }

  move(folder: Folder, parent: Folder, name: string): void {
    this.#detach(folder);
    folder.parent = parent;
    folder.name = name;
    parent.folders.set(name, folder);
  }

  /** Forgets a folder and all below it; answers their watches. */
  remove(folder: Folder): number[] {
    this.#detach(folder);
    const watches: number[] = [];
    const todo = [folder];
    for (let one = todo.pop(); one; one = todo.pop()) {
      this.#byWatch.delete(one.watch);
      watches.push(one.watch);
      todo.push(...one.folders.values());
    }
    return watches;
  }

  /** From the root on. */
  names(folder: Folder, name?: string): string[] {
    const names = name === undefined ? [] : [name];
    for (let at: Folder = folder; at.parent; at = at.parent) names.unshift(at.name);
    return names;
  }

  #detach(folder: Folder): void {
    if (folder.parent?.folders.get(folder.name) === folder) folder.parent.folders.delete(folder.name);
  }
}

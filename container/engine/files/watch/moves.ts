// The two halves of a rename, put together by their cookie. They come one right after the other, though not always in
// one read; a half that stays alone has left what is watched.
import type { InotifyEvent } from '../../linux/inotify-events.ts';
import type { Folder } from './watched-tree.ts';

/** Something in a watched folder; its names are from the root on. */
export interface Place {
  folder: Folder;
  names: string[];
  isDirectory: boolean;
}

/** What left one place; whether it comes to another is still to be seen. */
export interface Half {
  place: Place;
  /** The folder that moves, where it is watched. */
  moved: Folder | undefined;
  /** What happened in that folder since: it has no path yet. */
  deferred: InotifyEvent[];
}

const OTHER_HALF_MS = 50;

export class Moves {
  readonly #halves = new Map<number, { half: Half; timer: NodeJS.Timeout }>();
  readonly #onGone: (half: Half) => void;

  /** @param onGone Called for a half that stayed alone. */
  constructor(onGone: (half: Half) => void) {
    this.#onGone = onGone;
  }

  left(cookie: number, place: Place, moved: Folder | undefined): void {
    const half: Half = { place, moved, deferred: [] };
    const timer = setTimeout(() => {
      this.#halves.delete(cookie);
      this.#onGone(half);
    }, OTHER_HALF_MS);
    this.#halves.set(cookie, { half, timer });
  }

  /** The first half, once the second is there. */
  take(cookie: number): Half | undefined {
    const found = this.#halves.get(cookie);
    if (!found) return undefined;
    clearTimeout(found.timer);
    this.#halves.delete(cookie);
    return found.half;
  }

  /** The half with which this folder is on its way. */
  holding(folder: Folder): Half | undefined {
    if (this.#halves.size === 0) return undefined;
    const halves = [...this.#halves.values()];
    for (let at: Folder | undefined = folder; at; at = at.parent) {
      const found = halves.find(({ half }) => half.moved === at);
      if (found) return found.half;
    }
    return undefined;
  }

  close(): void {
    for (const { timer } of this.#halves.values()) clearTimeout(timer);
    this.#halves.clear();
  }
}

// inotify(7) itself: Node's own watchers hide which two events are one rename, and that events were lost.
import { closeSync, readSync } from 'node:fs';
import koffi from 'koffi';
import { type InotifyEvent, readEvents } from './inotify-events.ts';
import { failed } from './libc.ts';
import type { Poller } from './poller.ts';

const libc = koffi.load(null);
const init = libc.func('int inotify_init1(int flags)');
const addWatch = libc.func('int inotify_add_watch(int fd, const char *path, uint mask)');
const removeWatch = libc.func('int inotify_rm_watch(int fd, int watch)');

const IN_NONBLOCK = 0o4000;
const IN_CLOEXEC = 0o2000000;
/** Enough for some thousand events a turn. */
const READ_BYTES = 256 * 1024;

export class Inotify {
  readonly #fd: number;
  readonly #poller: Poller;
  readonly #buffer = Buffer.allocUnsafe(READ_BYTES);
  #closed = false;

  /** `onEvents` gets all that waits; throws EMFILE where this user has too many of these. */
  constructor(poller: Poller, onEvents: (events: InotifyEvent[]) => void) {
    this.#poller = poller;
    this.#fd = init(IN_NONBLOCK | IN_CLOEXEC) as number;
    if (this.#fd < 0) throw failed('inotify_init1', '');
    poller.add(this.#fd, () => onEvents(this.#read()));
  }

  /** The number of the watch; the same for the same folder. Throws as the call does. */
  add(path: string, mask: number): number {
    // The number of its descriptor may be another's by now.
    if (this.#closed) throw Object.assign(new Error('EBADF: the watch is closed'), { code: 'EBADF' });
    const watch = addWatch(this.#fd, path, mask) as number;
    if (watch < 0) throw failed('inotify_add_watch', path);
    return watch;
  }

  /** One that is gone with its folder is no longer there to be removed. */
  remove(watch: number): void {
    if (!this.#closed) removeWatch(this.#fd, watch);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#poller.remove(this.#fd);
    closeSync(this.#fd);
  }

  #read(): InotifyEvent[] {
    const events: InotifyEvent[] = [];
    for (;;) {
      let length: number;
      try {
        length = readSync(this.#fd, this.#buffer);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return events;
        throw error;
      }
      events.push(...readEvents(this.#buffer.subarray(0, length)));
    }
  }
}

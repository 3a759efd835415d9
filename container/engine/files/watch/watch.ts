// Watches a folder, or a file by the folder it is in, so that one which is replaced is still watched. New folders are
// watched as they come, and what was in them before that is found by looking.
// Invariant: every change is told, or that some are missing is.
import { type Dirent, existsSync, readdirSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { HoldfastError } from '#protocol';
import { Inotify } from '../../linux/inotify.ts';
import { IN, type InotifyEvent } from '../../linux/inotify-events.ts';
import type { Poller } from '../../linux/poller.ts';
import { DRAFT_NAME } from '../draft-file.ts';
import { PathFilter } from '../glob.ts';
import { type Change, ChangeQueue } from './change-queue.ts';
import { Found } from './found.ts';
import { Moves, type Place } from './moves.ts';
import { type Folder, WatchedTree } from './watched-tree.ts';

export interface WatchOptions {
  recursive?: boolean | undefined;
  include?: string[] | undefined;
  exclude?: string[] | undefined;
}

/** What changes all the time and hardly anybody wants; giving `exclude` takes its place. */
const DEFAULT_EXCLUDE = ['.git', 'node_modules', '.DS_Store'];
const MASK =
  IN.CREATE | IN.MODIFY | IN.ATTRIB | IN.DELETE | IN.MOVED_FROM | IN.MOVED_TO | IN.DELETE_SELF | IN.MOVE_SELF;
const FOLDER_MASK = MASK | IN.ONLYDIR | IN.EXCL_UNLINK;
const ROOT_GONE = 'the folder that is watched was removed, moved or unmounted';

export class FileWatch {
  /** As events tell it. */
  readonly path: string;
  readonly #root: string;
  readonly #only: string | undefined;
  readonly #recursive: boolean;
  readonly #filter: PathFilter;
  readonly #tree = new WatchedTree();
  readonly #queue = new ChangeQueue();
  readonly #inotify: Inotify;
  readonly #moves: Moves;
  readonly #found = new Found();
  #onChange: () => void = () => {};
  #started = false;
  #stopped: string | undefined;

  private constructor(path: string, isFolder: boolean, options: WatchOptions, poller: Poller) {
    const { recursive = true, include, exclude = DEFAULT_EXCLUDE } = options;
    this.path = path;
    this.#root = isFolder ? path : dirname(path);
    this.#only = isFolder ? undefined : basename(path);
    this.#recursive = recursive && isFolder;
    this.#filter = new PathFilter(isFolder ? { include, exclude } : {});
    this.#moves = new Moves(({ place, moved }) => {
      this.#tell('delete', place);
      if (moved) this.#unwatch(moved);
      this.#onChange();
    });
    this.#inotify = new Inotify(poller, (events) => this.#take(events));
  }

  /** Resolves once all is watched. */
  static async start(path: string, options: WatchOptions, poller: Poller): Promise<FileWatch> {
    const isFolder = (await stat(path)).isDirectory();
    const watch = new FileWatch(path, isFolder, options, poller);
    try {
      const root = watch.#tree.add(watch.#inotify.add(watch.#root, FOLDER_MASK), undefined, '');
      await watch.#watchBelow(root);
      watch.#started = true;
      return watch;
    } catch (error) {
      watch.close();
      throw tooMany(error);
    }
  }

  get folders(): number {
    return this.#tree.size;
  }

  /** Why nothing more will come. */
  get stopped(): string | undefined {
    return this.#stopped;
  }

  take(): Change[] {
    return this.#queue.take(new Date());
  }

  /** Resolves when there is something to take, or it has stopped. */
  changed(signal: { onClose(act: () => void): void }): Promise<void> {
    if (!this.#queue.isEmpty || this.#stopped !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onChange = resolve;
      signal.onClose(resolve);
    });
  }

  close(): void {
    this.#inotify.close();
    this.#moves.close();
  }

  #take(events: InotifyEvent[]): void {
    try {
      for (const event of events) {
        if (this.#stopped !== undefined) return;
        this.#takeOne(event);
      }
      this.#found.turn();
    } catch (error) {
      console.error('a watch has failed:', error);
      this.#stop('the system failed to go on with this watch');
    }
    if (!this.#queue.isEmpty) this.#onChange();
  }

  #takeOne({ watch, mask, cookie, name }: InotifyEvent): void {
    if (mask & IN.Q_OVERFLOW) this.#overflowed();
    const folder = this.#tree.get(watch);
    if (!folder) return;
    const moving = this.#moves.holding(folder);
    if (moving) {
      moving.deferred.push({ watch, mask, cookie, name });
      return;
    }
    if (mask & (IN.DELETE_SELF | IN.MOVE_SELF | IN.UNMOUNT)) {
      if (!folder.parent) this.#stop(ROOT_GONE);
    } else if (mask & IN.IGNORED) this.#tree.remove(folder);
    else if (name !== '') this.#takeNamed(mask, cookie, folder, name);
  }

  #takeNamed(mask: number, cookie: number, folder: Folder, name: string): void {
    const place: Place = {
      folder,
      names: this.#tree.names(folder, name),
      isDirectory: (mask & IN.ISDIR) !== 0,
    };
    if (mask & IN.MOVED_FROM) this.#left(cookie, place);
    else if (mask & IN.MOVED_TO) this.#arrived(cookie, place);
    else if (mask & IN.CREATE) this.#created(place);
    else if (mask & IN.DELETE) {
      this.#found.take(place.names.join('/'));
      this.#tell('delete', place);
    } else if (!this.#isUnnamed(place)) this.#tell(mask & IN.MODIFY ? 'modify' : 'attrib', place);
  }

  /** The kernel calls a file without a name by its inode, as long as it is written: `#2221079`. */
  #isUnnamed({ names }: Place): boolean {
    return /^#\d+$/.test(names.at(-1)!) && !existsSync(this.#pathOf(names));
  }

  #created(place: Place): void {
    if (this.#found.take(place.names.join('/'))) return;
    this.#tell('create', place);
    if (place.isDirectory) this.#lookInto(place.folder, place.names);
  }

  #left(cookie: number, place: Place): void {
    this.#found.take(place.names.join('/'));
    const moved = place.isDirectory ? place.folder.folders.get(place.names.at(-1)!) : undefined;
    this.#moves.left(cookie, place, moved);
  }

  #arrived(cookie: number, place: Place): void {
    const half = this.#moves.take(cookie);
    if (!half) {
      this.#created(place);
      return;
    }
    const [before, now] = [this.#tells(half.place), this.#tells(place)];
    if (before && now) {
      const [path, oldPath] = [this.#pathOf(place.names), this.#pathOf(half.place.names)];
      const { isDirectory } = place;
      this.#queue.push({ type: 'move', path, oldPath, isDirectory, timestamp: new Date().toISOString() });
    } else if (before) this.#tell('delete', half.place);
    // A draft that takes the place of a file: so Holdfast itself writes.
    else if (DRAFT_NAME.test(half.place.names.at(-1)!)) this.#tell('modify', place);
    else this.#tell('create', place);
    if (!place.isDirectory) return;
    const stays = half.moved && now;
    if (stays) {
      this.#tree.move(half.moved!, place.folder, place.names.at(-1)!);
      for (const event of half.deferred) this.#takeOne(event);
    } else if (half.moved) this.#unwatch(half.moved);
    else this.#lookInto(place.folder, place.names);
  }

  #unwatch(folder: Folder): void {
    for (const watch of this.#tree.remove(folder)) this.#inotify.remove(watch);
  }

  /** At once, so that nothing comes between: what was there before the watch is told from here. */
  #lookInto(parent: Folder, names: string[]): void {
    const folder = this.#watchFolder(parent, names);
    if (!folder) return;
    for (const entry of entriesOf(this.#pathOf(names))) {
      const below = [...names, entry.name];
      this.#found.add(below.join('/'));
      const isDirectory = entry.isDirectory();
      this.#tell('create', { folder, names: below, isDirectory });
      if (isDirectory) this.#lookInto(folder, below);
    }
  }

  /** What is there already is watched and not told. A folder may be moved while it is looked into. */
  async #watchBelow(folder: Folder): Promise<void> {
    if (!this.#recursive) return;
    for (;;) {
      const path = this.#pathOf(this.#tree.names(folder));
      const entries = await readdir(path, { withFileTypes: true }).catch(unreadable);
      for (const entry of entries) {
        if (!entry.isDirectory()) continue;
        const below = this.#watchFolder(folder, this.#tree.names(folder, entry.name));
        if (below) await this.#watchBelow(below);
      }
      if (path === this.#pathOf(this.#tree.names(folder))) return;
    }
  }

  #watchFolder(parent: Folder, names: string[]): Folder | undefined {
    const name = names.at(-1)!;
    if (!this.#recursive || !this.#filter.enters(names) || DRAFT_NAME.test(name)) return undefined;
    try {
      const watch = this.#inotify.add(this.#pathOf(names), FOLDER_MASK | IN.DONT_FOLLOW);
      return this.#tree.add(watch, parent, name);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP'].includes(code)) return undefined; // gone again, or closed to us
      if (code !== 'ENOSPC' || !this.#started) throw error;
      this.#queue.push({ type: 'overflow', missed: null, timestamp: new Date().toISOString() });
      return undefined;
    }
  }

  /** New folders may be among what was lost, so all are looked for again. */
  #overflowed(): void {
    this.#queue.push({ type: 'overflow', missed: null, timestamp: new Date().toISOString() });
    const root = this.#rootFolder();
    if (root) this.#watchBelow(root).catch((error) => this.#stop((error as Error).message));
  }

  #rootFolder(): Folder | undefined {
    try {
      return this.#tree.add(this.#inotify.add(this.#root, FOLDER_MASK), undefined, '');
    } catch {
      this.#stop(ROOT_GONE);
      return undefined;
    }
  }

  #stop(reason: string): void {
    this.#stopped ??= reason;
    this.#onChange();
  }

  #tell(type: 'create' | 'modify' | 'delete' | 'attrib', place: Place): void {
    if (!this.#tells(place)) return;
    const { names, isDirectory } = place;
    const timestamp = new Date().toISOString();
    this.#queue.push({ type, path: this.#pathOf(names), isDirectory, timestamp });
  }

  /** Folders whatever is included: with one that moves, all that is in it does. */
  #tells({ names, isDirectory }: Place): boolean {
    if (this.#only !== undefined) return names.length === 1 && names[0] === this.#only;
    if (names.some((name) => DRAFT_NAME.test(name))) return false;
    return isDirectory ? this.#filter.enters(names) : this.#filter.tells(names);
  }

  #pathOf(names: string[]): string {
    const path = names.join('/');
    if (path === '') return this.#root;
    return this.#root === '/' ? `/${path}` : `${this.#root}/${path}`;
  }
}

function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    return unreadable(error);
  }
}

function unreadable(error: unknown): [] {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(code)) return [];
  throw error;
}

/** inotify_add_watch(2) says ENOSPC for its own limit, which is no full disk. */
function tooMany(error: unknown): unknown {
  const { code = '', syscall = '' } = error as NodeJS.ErrnoException;
  if (!syscall.startsWith('inotify') || !['ENOSPC', 'EMFILE'].includes(code)) return error;
  return new HoldfastError(
    'OUT_OF_RESOURCES',
    'the system watches no more folders (fs.inotify.max_user_watches); exclude some, or watch less of the tree',
  );
}

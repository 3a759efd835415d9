// An archive's entries as files, one after the other, in an empty folder of their own.
// Invariant: nothing is written through a link, so all of it is in the folder.
import { link, lstat, mkdir, open, symlink, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { absent } from '../absent.ts';
import { assertLinkStays, entryNames, unsafe } from './entry-path.ts';
import type { TarEntry } from './tar-reader.ts';

/** An empty folder that an archive's entries are put into, one after the other. */
export class DraftTree {
  readonly #root: string;
  /** Made here, and no link can have taken the place of one. */
  readonly #folders = new Set<string>();
  readonly #finish: (() => Promise<void>)[] = [];

  constructor(root: string) {
    this.#root = root;
  }

  async add(entry: TarEntry): Promise<void> {
    const names = entryNames(entry.path);
    if (names.length === 0) return; // the folder itself
    const path = join(this.#root, ...names);
    if (entry.type === '5') return await this.#addFolder(names, entry);
    await this.#enter(names.slice(0, -1));
    if (this.#folders.has(path)) throw unsafe(entry.path, 'takes the place of a folder');
    await unlink(path).catch(absent);
    switch (entry.type) {
      case '0':
        return await writeEntry(path, entry);
      case '1':
        return await link(await this.#linked(entry), path);
      case '2':
        assertLinkStays(names, entry.linkPath);
        return await symlink(entry.linkPath, path);
      default:
        throw unsafe(entry.path, 'is no file, folder or link');
    }
  }

  /** Modes of folders come last: one that is read-only has to be filled first. */
  async finish(): Promise<void> {
    for (const act of this.#finish.reverse()) await act();
  }

  async #addFolder(names: string[], { mode, modifiedMs }: TarEntry): Promise<void> {
    await this.#enter(names);
    const path = join(this.#root, ...names);
    this.#finish.push(async () => {
      const handle = await open(path, 'r');
      await handle.chmod(mode & 0o777).finally(() => handle.close());
      await utimes(path, modifiedMs / 1000, modifiedMs / 1000);
    });
  }

  async #enter(names: readonly string[]): Promise<void> {
    let path = this.#root;
    for (const name of names) {
      path = join(path, name);
      if (this.#folders.has(path)) continue;
      if (await lstat(path).catch(absent)) throw unsafe(names.join('/'), 'leads through what is no folder');
      await mkdir(path);
      this.#folders.add(path);
    }
  }

  /** What a hard link is another name of: a file that the archive itself brought. */
  async #linked({ path, linkPath }: TarEntry): Promise<string> {
    const names = entryNames(linkPath);
    for (let i = 1; i <= names.length; i += 1) {
      const stats = await lstat(join(this.#root, ...names.slice(0, i))).catch(absent);
      const wanted = i < names.length ? stats?.isDirectory() : stats?.isFile();
      if (!wanted) throw unsafe(path, 'is another name of a file that is not in the archive');
    }
    if (names.length === 0) throw unsafe(path, 'is another name of a folder');
    return join(this.#root, ...names);
  }
}

async function writeEntry(path: string, { body, mode, modifiedMs }: TarEntry): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of body) {
      for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at)).bytesWritten;
    }
    await handle.chmod(mode & 0o777);
    await handle.utimes(modifiedMs / 1000, modifiedMs / 1000);
  } finally {
    await handle.close();
  }
}

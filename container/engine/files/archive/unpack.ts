// Unpacks an archive beside the folder, and moves what is in it into place once all of it was found good: an archive
// that is refused or cut changes nothing.
import { link, lstat, mkdir, open, rename, rm, symlink, unlink, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { draftName } from '../draft-file.ts';
import { assertLinkStays, entryNames, unsafe } from './entry-path.ts';
import { placeTree } from './place-tree.ts';
import { invalid, readTar, type TarEntry } from './tar-reader.ts';

export interface Unpacked {
  entries: number;
  bytes: number;
}

/** `noted` keeps the name of the draft until it is gone, for the case that nobody is left to remove it. */
export async function unpack(
  content: AsyncIterable<Buffer>,
  folder: string,
  { parents, noted }: { parents: boolean; noted: <T>(draft: string, act: () => Promise<T>) => Promise<T> },
): Promise<Unpacked> {
  const there = await lstat(`${folder}/`).catch(absent);
  if (!there && parents) await mkdir(dirname(folder), { recursive: true });
  const draft = join(there ? folder : dirname(folder), draftName());
  return await noted(draft, async () => {
    await mkdir(draft);
    try {
      const unpacked = await fill(draft, content);
      if (there) await placeTree(draft, folder);
      else await rename(draft, folder);
      return unpacked;
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  });
}

async function fill(draft: string, content: AsyncIterable<Buffer>): Promise<Unpacked> {
  const tree = new DraftTree(draft);
  let entries = 0;
  let bytes = 0;
  for await (const entry of readTar(await unzipped(content))) {
    await tree.add(entry);
    entries += 1;
    bytes += entry.size;
  }
  await tree.finish();
  return { entries, bytes };
}

/** An empty folder that an archive's entries are put into, one after the other. */
class DraftTree {
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

/** gzip is told by its first two bytes (RFC 1952). */
async function unzipped(content: AsyncIterable<Buffer>): Promise<AsyncIterable<Buffer>> {
  const chunks = content[Symbol.asyncIterator]();
  let first: Buffer = Buffer.alloc(0);
  while (first.length < 2) {
    const { value, done } = await chunks.next();
    if (done) break;
    first = Buffer.concat([first, value]);
  }
  const whole = startingWith(first, chunks);
  return first[0] === 0x1f && first[1] === 0x8b ? gunzipped(whole) : whole;
}

async function* startingWith(
  first: Buffer,
  rest: AsyncIterator<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  yield first;
  for (;;) {
    const { value, done } = await rest.next();
    if (done) return;
    yield value;
  }
}

async function* gunzipped(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const gunzip = createGunzip();
  let cut: unknown;
  pipeline(
    kept(chunks, (error) => (cut = error)),
    gunzip,
    () => {},
  ); // told by reading it
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (error) {
    if (cut) throw cut;
    if (/^Z_/.test((error as NodeJS.ErrnoException).code ?? '')) throw invalid('its compression is damaged');
    throw error;
  }
}

/** A stream tells of its source's failure in words of its own; this keeps the failure itself. */
async function* kept<T>(chunks: AsyncIterable<T>, onError: (error: unknown) => void): AsyncGenerator<T> {
  try {
    yield* chunks;
  } catch (error) {
    onError(error);
    throw error;
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

// A file that is being written and has no name yet, so that nothing of it is left whoever dies meanwhile:
// O_TMPFILE of open(2), which linkat(2) gives its name at the end. Where the file system has no such files
// (NFS, older overlays), a hidden name in the same folder.
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import koffi from 'koffi';
import { failed } from '../linux/libc.ts';

/** __O_TMPFILE of <asm-generic/fcntl.h>, of which O_DIRECTORY is a part. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;
const HAS_NONE = new Set(['EOPNOTSUPP', 'ENOTSUP', 'EISDIR', 'EINVAL', 'ENOENT']);
const AT_FDCWD = -100;
const AT_SYMLINK_FOLLOW = 0x400;

const linkat = koffi
  .load(null)
  .func('int linkat(int fromFolder, const char *from, int toFolder, const char *to, int flags)');

/** Names that are Holdfast's own for a moment. */
export const DRAFT_NAME = /^\.holdfast-[0-9a-f-]{36}$/;

export function draftName(): string {
  return `.holdfast-${randomUUID()}`;
}

export class DraftFile {
  readonly handle: FileHandle;
  readonly #folder: string;
  /** Where it has one already. */
  #name: string | undefined;

  private constructor(folder: string, handle: FileHandle, name?: string) {
    this.#folder = folder;
    this.handle = handle;
    this.#name = name;
  }

  /** In the folder in which it will get its name. */
  static async make(folder: string): Promise<DraftFile> {
    try {
      return new DraftFile(folder, await open(folder, O_TMPFILE | constants.O_RDWR, 0o666));
    } catch (error) {
      if (!HAS_NONE.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
    const name = join(folder, draftName());
    return new DraftFile(folder, await open(name, 'wx+', 0o666), name);
  }

  /** Gives it its name, on the disk, content first. Without `replace`, EEXIST where there is something. */
  async commit(path: string, replace: boolean): Promise<void> {
    await this.handle.sync();
    if (!replace) await this.#giveName(path);
    else {
      if (this.#name === undefined) {
        const name = join(this.#folder, draftName());
        await this.#giveName(name);
        this.#name = name;
      }
      await rename(this.#name, path);
      this.#name = undefined;
    }
    await this.handle.close();
    await syncFolder(this.#folder);
  }

  /** Leaves nothing of it, unless it was committed. */
  async drop(): Promise<void> {
    await this.handle.close().catch(() => {}); // closed already
    if (this.#name !== undefined) await rm(this.#name, { force: true });
  }

  async #giveName(path: string): Promise<void> {
    if (this.#name !== undefined) {
      await link(this.#name, path);
      return;
    }
    const self = `/proc/self/fd/${this.handle.fd}`;
    if (linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) !== 0) throw failed('linkat', path);
  }
}

/** Names are the folder's content: without this they may be gone after a crash of the machine. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

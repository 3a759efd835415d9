// Making folders, moving, copying and removing. A place that is taken is left alone unless the call says otherwise.
import { constants } from 'node:fs';
import { copyFile, cp, lstat, mkdir, readlink, rename, rm, stat, symlink, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HoldfastError } from '#protocol';
import { absent } from './absent.ts';
import { DraftFile, draftName } from './draft-file.ts';
import { shown } from './file-error.ts';
import { assertRegular } from './open-file.ts';
import type { PathLocks } from './path-locks.ts';

export interface PlaceOptions {
  overwrite?: boolean | undefined;
  parents?: boolean | undefined;
}

/** True when it was made; false where it was there and that was allowed. */
export async function makeFolder(
  path: string,
  { parents = false, mode }: { parents?: boolean | undefined; mode?: number | undefined },
): Promise<boolean> {
  const made = await mkdir(path, { recursive: parents, ...(mode === undefined ? {} : { mode }) });
  return !parents || made !== undefined;
}

/** A symlink itself is removed, not what it leads to. */
export async function removeFile(path: string, recursive: boolean): Promise<void> {
  const stats = await lstat(path);
  if (path === '/') throw new HoldfastError('INVALID_REQUEST', 'the root folder cannot be removed');
  if (!stats.isDirectory()) return await unlink(path);
  if (!recursive) {
    throw new HoldfastError('IS_DIRECTORY', `${shown(path)} is a folder; say recursive=true to remove it`);
  }
  await rm(path, { recursive: true });
}

/** A symlink itself is moved. Onto another file system it is copied and then removed. */
export async function moveFile(
  from: string,
  to: string,
  { overwrite, parents }: PlaceOptions,
  locks: PathLocks,
): Promise<void> {
  await lstat(from);
  if (parents) await mkdir(dirname(to), { recursive: true });
  await locks.hold(to, async () => {
    if (!overwrite) await assertFree(to);
    try {
      await rename(from, to);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
      await copyTo(from, to, overwrite ?? false);
      await rm(from, { recursive: true });
    }
  });
}

/** A symlink that is named is followed, those in a folder are copied as they are. */
export async function copyPath(
  from: string,
  to: string,
  { overwrite, parents, recursive }: PlaceOptions & { recursive?: boolean | undefined },
  locks: PathLocks,
): Promise<void> {
  const isFolder = (await stat(from)).isDirectory();
  if (isFolder && !recursive) {
    throw new HoldfastError('IS_DIRECTORY', `${shown(from)} is a folder; say recursive: true to copy it`);
  }
  if (isFolder && `${to}/`.startsWith(`${from}/`)) {
    throw new HoldfastError('INVALID_REQUEST', 'a folder cannot be copied into itself');
  }
  if (parents) await mkdir(dirname(to), { recursive: true });
  await locks.hold(to, async () => {
    if (!overwrite || isFolder) await assertFree(to);
    await (isFolder ? copyFolder(from, to) : copyOneFile(from, to, overwrite ?? false));
  });
}

async function copyTo(from: string, to: string, overwrite: boolean): Promise<void> {
  const stats = await lstat(from);
  if (stats.isDirectory()) return await copyFolder(from, to);
  if (!stats.isSymbolicLink()) return await copyOneFile(from, to, overwrite);
  if (overwrite) await rm(to, { force: true });
  await symlink(await readlink(from), to);
}

async function copyOneFile(from: string, to: string, overwrite: boolean): Promise<void> {
  const there = await stat(to).catch(() => undefined);
  if (there) assertRegular(there, to);
  assertRegular(await stat(from), from);
  const draft = await DraftFile.make(dirname(to));
  try {
    await copyFile(from, `/proc/self/fd/${draft.handle.fd}`, constants.COPYFILE_FICLONE);
    await draft.commit(to, overwrite);
  } finally {
    await draft.drop();
  }
}

/** Beside the place at first, so that a copy that fails leaves nothing. */
async function copyFolder(from: string, to: string): Promise<void> {
  const draft = join(dirname(to), draftName());
  try {
    await cp(from, draft, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    await rename(draft, to);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!/^ERR_FS_CP_(FIFO_PIPE|SOCKET|UNKNOWN)$/.test(code)) throw error;
    throw new HoldfastError('NOT_A_FILE', 'there is a FIFO, socket or device in the folder; leave it out');
  }
}

async function assertFree(path: string): Promise<void> {
  const there = await lstat(path).catch(absent);
  if (there) {
    throw new HoldfastError(
      'FILE_EXISTS',
      `there is something at ${shown(path)} already; remove it or overwrite`,
    );
  }
}

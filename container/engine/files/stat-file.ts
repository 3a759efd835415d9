// What one path is.
import { lstat, readlink, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { FileExists, FileStat } from '#protocol';
import { describe, typeOf } from './describe.ts';
import { etagAt } from './open-file.ts';

/** Follows a symlink unless told not to. */
export async function statFile(
  path: string,
  { follow = true, hash = false }: { follow?: boolean | undefined; hash?: boolean | undefined },
): Promise<FileStat> {
  const stats = await (follow ? stat(path) : lstat(path));
  const etag = hash && stats.isFile() ? await etagAt(path) : undefined;
  return {
    name: basename(path),
    absolutePath: path,
    ...describe(stats),
    ...(stats.isSymbolicLink() ? { target: await readlink(path) } : {}),
    uid: stats.uid,
    gid: stats.gid,
    links: stats.nlink,
    ...(etag === undefined ? {} : { etag }),
  };
}

/** A symlink that leads nowhere does not exist, as for `test -e`. */
export async function fileExists(path: string): Promise<FileExists> {
  try {
    return { path, exists: true, type: typeOf(await stat(path)) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    return { path, exists: false, type: null };
  }
}

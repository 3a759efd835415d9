// A page of what is in a folder.
import { isUtf8 } from 'node:buffer';
import { readlink } from 'node:fs/promises';
import { type FileInfo, type FileList, LIMITS } from '#protocol';
import { decodeCursor, encodeCursor, type Names } from './cursor.ts';
import { describe } from './describe.ts';
import { pathOf, type Visited, walk } from './walk.ts';

export interface ListOptions {
  recursive?: boolean | undefined;
  hidden?: boolean | undefined;
  limit?: number | undefined;
  cursor?: string | undefined;
}

/** The folder itself may be reached through a symlink; those in it are told and not followed. */
export async function listFiles(path: string, options: ListOptions): Promise<FileList> {
  const { recursive = false, hidden = false, limit = LIMITS.defaultListedFiles, cursor } = options;
  const after = cursor === undefined ? undefined : decodeCursor(cursor);
  const files: FileInfo[] = [];
  let last: Names = [];
  for await (const visited of walk(path, { recursive, hidden, after })) {
    if (files.length === limit) return { path, files, cursor: encodeCursor(last) };
    files.push(await infoOf(path, visited));
    last = visited.names;
  }
  return { path, files, cursor: null };
}

async function infoOf(root: string, { names, path, stats }: Visited): Promise<FileInfo> {
  const name = names.at(-1)!;
  const relativePath = pathOf(names);
  return {
    name: name.toString(),
    ...(isUtf8(name) ? {} : { nameBase64: name.toString('base64') }),
    absolutePath: root === '/' ? `/${relativePath}` : `${root}/${relativePath}`,
    relativePath,
    ...describe(stats),
    ...(stats.isSymbolicLink() ? { target: await readlink(path).catch(() => '') } : {}),
  };
}

// Replaces text in files, byte by byte: what is looked for is no pattern, and all else in a file stays as it is.
// Where the number found is not the one expected, nothing is written at all.
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { HoldfastError, type ReplaceResult } from '#protocol';
import { type Condition, ContentHash } from './content-hash.ts';
import { PathFilter } from './glob.ts';
import { readWhole } from './open-file.ts';
import type { PathLocks } from './path-locks.ts';
import { filesOf } from './search/by-reading.ts';
import { writeFile } from './write-file.ts';

export interface Replacement {
  search: string;
  replacement: string;
  expected?: number | undefined;
  hidden?: boolean | undefined;
  include?: string[] | undefined;
  exclude?: string[] | undefined;
  /** For a single file. */
  condition?: Condition | undefined;
}

/** @throws COUNT_MISMATCH; FILE_CHANGED when somebody writes to a file between the look and the write. */
export async function replaceInFiles(
  path: string,
  wanted: Replacement,
  locks: PathLocks,
): Promise<ReplaceResult> {
  const { expected, hidden = false, include, exclude, condition } = wanted;
  const search = Buffer.from(wanted.search);
  const isFile = !(await stat(path)).isDirectory();
  const filter = new PathFilter({ include, exclude });
  const place = { root: path, file: isFile ? basename(path) : undefined, hidden, ignored: false, filter };
  const found: { path: string; count: number; etag: string }[] = [];
  for await (const file of filesOf(place)) {
    const content = await (isFile ? readWhole(file) : readWhole(file).catch(unfit));
    const count = content ? countOf(content, search) : 0;
    if (content && count > 0) found.push({ path: file, count, etag: new ContentHash().add(content).etag() });
  }
  const total = found.reduce((sum, { count }) => sum + count, 0);
  if (expected !== undefined && total !== expected) {
    throw new HoldfastError(
      'COUNT_MISMATCH',
      `the text was found ${total} times and expected ${expected} times; nothing was written`,
      { details: { found: total } },
    );
  }
  const files: ReplaceResult['files'] = [];
  for (const { path: file, count, etag: before } of found) {
    const content = replaced(await readWhole(file), search, Buffer.from(wanted.replacement));
    const unchanged: Condition = { ...condition, match: condition?.match ?? [before] };
    const { etag } = await writeFile(file, only(content), { condition: unchanged }, locks);
    files.push({ path: file, replacements: count, etag: etag! });
  }
  return { files, replacements: total };
}

function countOf(content: Buffer, search: Buffer): number {
  let count = 0;
  for (let at = content.indexOf(search); at >= 0; at = content.indexOf(search, at + search.length))
    count += 1;
  return count;
}

function replaced(content: Buffer, search: Buffer, replacement: Buffer): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = content.indexOf(search); at >= 0; at = content.indexOf(search, from)) {
    parts.push(content.subarray(from, at), replacement);
    from = at + search.length;
  }
  return Buffer.concat([...parts, content.subarray(from)]);
}

async function* only(content: Buffer): AsyncGenerator<Buffer> {
  yield content;
}

/** In a folder, what cannot be read or is too large is passed over, as by a search. */
function unfit(error: NodeJS.ErrnoException): undefined {
  const passedOver = ['ENOENT', 'EACCES', 'EPERM', 'PAYLOAD_TOO_LARGE', 'NOT_A_FILE', 'PERMISSION_DENIED'];
  if (!passedOver.includes(error.code ?? '')) throw error;
}

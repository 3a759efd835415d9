// Writes a file whole or not at all: into a draft in the same folder, which then takes the place of what is there.
// Whoever reads meanwhile has the old content or the new one. An append goes the same way up to its last step.
import { constants, type Stats } from 'node:fs';
import { access, type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { WrittenFile } from '#protocol';
import { absent } from './absent.ts';
import { assertCondition, type Condition, ContentHash } from './content-hash.ts';
import { DraftFile } from './draft-file.ts';
import { assertRegular, etagAt, piecesOf } from './open-file.ts';
import type { PathLocks } from './path-locks.ts';
import { followed } from './place.ts';

export interface WriteOptions {
  append?: boolean | undefined;
  parents?: boolean | undefined;
  mode?: number | undefined;
  condition?: Condition | undefined;
}

/** Symlinks are followed. A file that is replaced keeps its mode and owner. */
export async function writeFile(
  path: string,
  content: AsyncIterable<Uint8Array>,
  { append = false, parents = false, mode, condition }: WriteOptions,
  locks: PathLocks,
): Promise<Omit<WrittenFile, 'path'>> {
  const target = await followed(path);
  const folder = dirname(target);
  if (parents) await mkdir(folder, { recursive: true });
  // Before the content comes: who is refused should not have to send it all.
  await assertMayWrite(target, condition);
  const draft = await DraftFile.make(folder);
  try {
    const { bytesWritten, etag } = await fill(draft.handle, content);
    return await locks.hold(target, async () => {
      const before = await assertMayWrite(target, condition);
      if (append && before) {
        if (mode !== undefined) await setMode(target, mode);
        return { size: await addTo(target, draft.handle), bytesWritten, created: false };
      }
      if (before) await keepOwner(draft.handle, before);
      const wanted = mode ?? (before && before.mode & 0o7777);
      if (wanted !== undefined) await draft.handle.chmod(wanted);
      await draft.commit(target, before !== undefined);
      return { size: bytesWritten, bytesWritten, created: before === undefined, etag };
    });
  } finally {
    await draft.drop();
  }
}

async function fill(handle: FileHandle, content: AsyncIterable<Uint8Array>) {
  const hash = new ContentHash();
  let bytesWritten = 0;
  for await (const chunk of content) {
    hash.add(chunk);
    await writeAll(handle, chunk);
    bytesWritten += chunk.length;
  }
  return { bytesWritten, etag: hash.etag() };
}

/** What is there, if it may be written over. */
async function assertMayWrite(target: string, condition: Condition | undefined): Promise<Stats | undefined> {
  const before = await stat(target).catch(absent);
  if (before) {
    assertRegular(before, target);
    // Putting another file in its place asks for less than writing to it.
    await access(target, constants.W_OK);
  }
  if (condition) assertCondition(condition, before && (await etagAt(target)), target);
  return before;
}

/** In place, so that those who have it open go on with it. All or nothing, unless another adds to it just then. */
async function addTo(target: string, draft: FileHandle): Promise<number> {
  const file = await open(target, constants.O_WRONLY | constants.O_APPEND);
  try {
    const { size: before } = await file.stat();
    let added = 0;
    try {
      for await (const piece of piecesOf(draft)) {
        await writeAll(file, piece);
        added += piece.length;
      }
      await file.sync();
    } catch (error) {
      await file.truncate(before);
      throw error;
    }
    return before + added;
  } finally {
    await file.close();
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten;
  }
}

/** Before the mode, because it takes away set-user-ID bits. Only root may give a file to another. */
async function keepOwner(handle: FileHandle, { uid, gid }: Stats): Promise<void> {
  const { uid: ownUid, gid: ownGid } = await handle.stat();
  if (uid === ownUid && gid === ownGid) return;
  try {
    await handle.chown(uid, gid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
  }
}

async function setMode(path: string, mode: number): Promise<void> {
  const handle = await open(path, constants.O_WRONLY);
  await handle.chmod(mode).finally(() => handle.close());
}

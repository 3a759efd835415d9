// Opens a file to be read: a regular one, never a FIFO or a device, which could block or have no end.
import { constants } from 'node:fs';
import { type FileHandle, open, readlink, stat } from 'node:fs/promises';
import { HoldfastError, LIMITS } from '#protocol';
import { ContentHash } from './content-hash.ts';
import { shown } from './file-error.ts';

const PIECE = 256 * 1024;

export interface OpenFile {
  handle: FileHandle;
  /** 0 also for files of /proc, which have a content all the same. */
  size: number;
  modifiedAt: Date;
}

/** Closing the handle is the caller's. Symlinks are followed. */
export async function openFile(path: string): Promise<OpenFile> {
  // First by name: opening a device can already do something.
  assertRegular(await stat(path), path);
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    assertRegular(stats, path);
    await assertNotOfAProcess(handle, path);
    return { handle, size: stats.size, modifiedAt: stats.mtime };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Reads from the current place up to `end`, or the end of the file. A piece is good until the next. */
export async function* piecesOf(handle: FileHandle, from = 0, end = Number.POSITIVE_INFINITY) {
  const buffer = Buffer.allocUnsafe(PIECE);
  for (let at = from; at < end; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(PIECE, end - at), at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Of the whole content. */
export async function etagOf(handle: FileHandle): Promise<string> {
  const hash = new ContentHash();
  for await (const piece of piecesOf(handle)) hash.add(piece);
  return hash.etag();
}

/** The ETag of what is at the path; undefined where nothing is. */
export async function etagAt(path: string): Promise<string | undefined> {
  const { handle } = await openFile(path).catch((error) => {
    if (error.code === 'ENOENT') return { handle: undefined };
    throw error;
  });
  try {
    return handle && (await etagOf(handle));
  } finally {
    await handle?.close();
  }
}

/** A small file, whole. */
export async function readWhole(path: string, most: number = LIMITS.replacedFileBytes): Promise<Buffer> {
  const { handle, size } = await openFile(path);
  try {
    if (size > most) {
      throw new HoldfastError(
        'PAYLOAD_TOO_LARGE',
        `${shown(path)} has ${size} bytes; ${most} are the most here`,
      );
    }
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

export function assertRegular(stats: { isFile(): boolean; isDirectory(): boolean }, path: string): void {
  if (stats.isDirectory()) throw new HoldfastError('IS_DIRECTORY', `${shown(path)} is a folder, not a file`);
  if (!stats.isFile()) {
    throw new HoldfastError(
      'NOT_A_FILE',
      `${shown(path)} is a device, FIFO or socket; read it with a command`,
    );
  }
}

/**
 * What /proc tells of single processes is theirs: the engine's environment holds its token, and who may only read
 * files is not to have it. Asked of the open file, since a symlink leads anywhere.
 */
async function assertNotOfAProcess(handle: FileHandle, path: string): Promise<void> {
  const real = await readlink(`/proc/self/fd/${handle.fd}`);
  if (!/^\/proc\/\d+\//.test(real)) return;
  throw new HoldfastError('PERMISSION_DENIED', `${shown(path)} belongs to a process; read it with a command`);
}

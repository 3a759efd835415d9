// What the kernel said to a call about files, as the caller should hear it: errno(3) to a code and what to do.
import { type ErrorCode, errorCode, HoldfastError } from '#protocol';

const TOLD: Record<string, [code: ErrorCode, what: (path: string) => string]> = {
  ENOENT: ['FILE_NOT_FOUND', (path) => `there is no ${path}`],
  EEXIST: ['FILE_EXISTS', (path) => `there is something at ${path} already; say so to overwrite it`],
  ENOTEMPTY: ['FILE_EXISTS', (path) => `${path} is a folder with something in it`],
  EISDIR: ['IS_DIRECTORY', (path) => `${path} is a folder, not a file`],
  ENOTDIR: ['NOT_DIRECTORY', (path) => `${path} is not a folder, or leads through something that is none`],
  EACCES: ['PERMISSION_DENIED', (path) => `the permissions of ${path} do not allow this`],
  EPERM: ['PERMISSION_DENIED', (path) => `this is not allowed with ${path}`],
  EROFS: ['PERMISSION_DENIED', (path) => `${path} is in a file system that is read-only`],
  ENAMETOOLONG: ['NAME_TOO_LONG', () => 'a name is at most 255 bytes, and a whole path 4,095'],
  ELOOP: ['INVALID_REQUEST', (path) => `${path} leads through too many symlinks`],
  EINVAL: ['INVALID_REQUEST', (path) => `the system cannot do this with ${path}`],
  EBUSY: ['RESOURCE_BUSY', (path) => `${path} is in use by the system`],
  ETXTBSY: ['RESOURCE_BUSY', (path) => `${path} is a program that runs`],
  ENXIO: ['NOT_A_FILE', (path) => `${path} is no file`],
};

/** `error` as Holdfast's own where it is one of the file system's; anything else as it is. `path` is the caller's. */
export function fileError(error: unknown, path: string): unknown {
  if (errorCode(error)) return error;
  const { code = '' } = (error ?? {}) as NodeJS.ErrnoException;
  const told = TOLD[code];
  return told ? new HoldfastError(told[0], told[1](shown(path)), { cause: error }) : error;
}

/** Runs `act`; what it throws is about `path`. */
export async function about<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw fileError(error, path);
  }
}

/** A path in a message: not thousands of characters of it. */
export function shown(path: string): string {
  return path.length <= 200 ? path : `${path.slice(0, 100)}…${path.slice(-90)}`;
}

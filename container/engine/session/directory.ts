// Working directories: where a call runs, and where a shell can start.
import { accessSync, constants, readlinkSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { HoldfastError } from '#protocol';

/** `path` as an absolute one, seen from `base`; 400 CWD_NOT_FOUND if it is no directory. */
export function existingDirectory(path: string, base: string): string {
  const absolute = resolve(base, path);
  if (!isDirectory(absolute)) {
    throw new HoldfastError('CWD_NOT_FOUND', `the working directory ${path} does not exist; make it first`);
  }
  return absolute;
}

/** `path`, or its nearest parent that is a directory and can be entered. */
export function nearestDirectory(path: string): string {
  let at = path;
  while (!(isDirectory(at) && isOpen(at)) && at !== dirname(at)) at = dirname(at);
  return at;
}

/** Where the kernel says that a process is; undefined if it is gone. */
export function directoryOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

/** Where a shell is: its `$PWD` if that names the place the kernel knows, else the latter. */
export function shellDirectory(pwd: string, kernel: string | undefined): string {
  if (kernel === undefined || pwd === kernel) return pwd;
  try {
    if (pwd.startsWith('/') && realpathSync(pwd) === kernel) return pwd;
  } catch {
    // `$PWD` is gone: a deleted directory keeps its name
  }
  return kernel.endsWith(' (deleted)') ? pwd || kernel : kernel;
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // absent, unreadable, too long or a loop: nothing that can be entered
  }
}

function isOpen(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

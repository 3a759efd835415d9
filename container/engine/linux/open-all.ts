// Opening several files, or none.
import { closeSync, openSync } from 'node:fs';

/** Descriptors in the order of `paths`. When one cannot be opened, those before it are closed and its error thrown. */
export function openAll(paths: Iterable<string>, flags: number): number[] {
  const open: number[] = [];
  try {
    for (const path of paths) open.push(openSync(path, flags));
    return open;
  } catch (error) {
    for (const fd of open) closeSync(fd);
    throw error;
  }
}

// Which bash is run: the one of the engine's own PATH, since a session's may name a place without one.
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

export const BASH = findBash(process.env.PATH ?? '');

function findBash(path: string): string {
  for (const folder of path.split(':')) {
    const candidate = join(folder, 'bash');
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // not there: on to the next folder
    }
  }
  return '/bin/bash';
}

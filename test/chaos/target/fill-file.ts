// Takes what room a disk has left, for a while.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const CHUNK = Buffer.alloc(4 * 1024 * 1024);

export async function fillFile(path: string, ms: number): Promise<void> {
  const file = openSync(path, 'w');
  try {
    for (let size = CHUNK.length; size > 0; ) {
      try {
        writeSync(file, CHUNK, 0, size);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        size = Math.floor(size / 2);
      }
    }
    await sleep(ms);
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
}

// A folder as a tar stream, written by the program tar, which is in every image.
import { spawn } from 'node:child_process';
import { realpath, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { HoldfastError } from '#protocol';
import { shown } from '../file-error.ts';

/** GNU tar: a file changed while it was read. It is in the archive, as it was at some time. */
const CHANGED = 1;

export interface Packing {
  bytes: Readable;
  /** False where the archive is not whole. */
  ended: Promise<boolean>;
  stop(): void;
}

/** @throws NOT_DIRECTORY; PERMISSION_DENIED for what holds the files of processes. */
export async function pack(folder: string, gzip: boolean): Promise<Packing> {
  if (!(await stat(folder)).isDirectory()) {
    throw new HoldfastError('NOT_DIRECTORY', `${shown(folder)} is not a folder; read it as a file`);
  }
  const real = await realpath(folder);
  if (real === '/' || /^\/proc(\/|$)/.test(real)) {
    throw new HoldfastError(
      'PERMISSION_DENIED',
      `${shown(real)} holds what belongs to processes; name another folder`,
    );
  }
  const child = spawn('tar', ['-c', ...(gzip ? ['-z'] : []), '-f', '-', '-C', real, '.'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  const ended = new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false));
    child.once('close', (code) => resolve(code === 0 || code === CHANGED));
  });
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  return { bytes: child.stdout, ended, stop: () => child.kill('SIGKILL') };
}

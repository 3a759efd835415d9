// Goes through a folder in the order of names, as bytes: symlinks are told and not followed, and what vanishes on
// the way was not there.
import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { type Names, standing } from './cursor.ts';

export interface Visited {
  names: Names;
  path: Buffer;
  stats: Stats;
}

export interface WalkOptions {
  recursive: boolean;
  hidden: boolean;
  /** Begins behind this entry. */
  after?: Names | undefined;
  /** Folders below for which this is false are told, but not entered. */
  enter?: (names: Names) => boolean;
}

const DOT = 0x2e;
/** Looked at together: each is a turn of a thread. */
const TOGETHER = 64;
const VANISHED = new Set(['ENOENT', 'ENOTDIR']);
const CLOSED = new Set(['EACCES', 'EPERM', ...VANISHED]);

export async function* walk(root: string, options: WalkOptions): AsyncGenerator<Visited, void, undefined> {
  const all = await readdir(Buffer.from(root), { encoding: 'buffer' });
  yield* within(Buffer.from(root), all, [], options);
}

async function* within(
  folder: Buffer,
  all: Buffer[],
  above: Names,
  options: WalkOptions,
): AsyncGenerator<Visited, void, undefined> {
  const entries = all
    .filter((name) => options.hidden || name[0] !== DOT)
    .sort(Buffer.compare)
    .flatMap((name) => {
      const place = standing(name, options.after);
      return place === 'over' ? [] : [{ name, path: joined(folder, name), ...place }];
    });
  for (let from = 0; from < entries.length; from += TOGETHER) {
    const some = entries.slice(from, from + TOGETHER);
    const stats = await Promise.all(some.map(({ path }) => unless(VANISHED, lstat(path))));
    for (const [index, { name, path, told, after }] of some.entries()) {
      const found = stats[index];
      if (!found) continue;
      const names = [...above, name];
      if (!told) yield { names, path, stats: found };
      if (!options.recursive || !found.isDirectory() || options.enter?.(names) === false) continue;
      const below = await unless(CLOSED, readdir(path, { encoding: 'buffer' }));
      if (below) yield* within(path, below, names, { ...options, after });
    }
  }
}

/** The path of names below a folder. */
export function pathOf(names: Names): string {
  return names.map((name) => name.toString()).join('/');
}

function joined(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from('/'), name]);
}

async function unless<T>(codes: Set<string>, promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (codes.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

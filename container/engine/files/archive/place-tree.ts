// Moves what is in one folder into another that is there already: files take the place of files, folders are joined.
// Looks at all of it first, so that what cannot be done is told before anything was.
import { lstat, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '#protocol';
import { absent } from '../absent.ts';
import { shown } from '../file-error.ts';
import { pathOf, type Visited, walk } from '../walk.ts';
import { unsafe } from './entry-path.ts';

export async function placeTree(from: string, to: string): Promise<void> {
  const moves: [from: string, to: string][] = [];
  const joined = new Set<string>();
  const enter = (names: Visited['names']) => joined.has(pathOf(names));
  for await (const { names, stats } of walk(from, { recursive: true, hidden: true, enter })) {
    const path = pathOf(names);
    const place = join(to, path);
    const there = await lstat(place).catch(absent);
    if (there && stats.isDirectory()) {
      // A link there may lead anywhere.
      if (!there.isDirectory()) throw unsafe(path, 'is a folder, and what is there is none');
      joined.add(path);
    } else {
      if (there?.isDirectory()) {
        throw new HoldfastError('IS_DIRECTORY', `${shown(place)} is a folder, and in the archive it is none`);
      }
      moves.push([join(from, path), place]);
    }
  }
  for (const [source, place] of moves) await rename(source, place);
}

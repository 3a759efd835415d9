// Unpacks an archive beside the folder, and moves what is in it into place once all of it was found good: an archive
// that is refused or cut changes nothing.
import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { absent } from '../absent.ts';
import { draftName } from '../draft-file.ts';
import { DraftTree } from './draft-tree.ts';
import { placeTree } from './place-tree.ts';
import { readTar } from './tar-reader.ts';
import { unzipped } from './unzipped.ts';

export interface Unpacked {
  entries: number;
  bytes: number;
}

/** `noted` keeps the name of the draft until it is gone, for the case that nobody is left to remove it. */
export async function unpack(
  content: AsyncIterable<Buffer>,
  folder: string,
  { parents, noted }: { parents: boolean; noted: <T>(draft: string, act: () => Promise<T>) => Promise<T> },
): Promise<Unpacked> {
  const there = await lstat(`${folder}/`).catch(absent);
  if (!there && parents) await mkdir(dirname(folder), { recursive: true });
  const draft = join(there ? folder : dirname(folder), draftName());
  return await noted(draft, async () => {
    await mkdir(draft);
    try {
      const unpacked = await fill(draft, content);
      if (there) await placeTree(draft, folder);
      else await rename(draft, folder);
      return unpacked;
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  });
}

async function fill(draft: string, content: AsyncIterable<Buffer>): Promise<Unpacked> {
  const tree = new DraftTree(draft);
  let entries = 0;
  let bytes = 0;
  for await (const entry of readTar(await unzipped(content))) {
    await tree.add(entry);
    entries += 1;
    bytes += entry.size;
  }
  await tree.finish();
  return { entries, bytes };
}

// Where a path leads: absolute, or seen from a folder. `..` means what the kernel means by it, which behind a
// symlink is the parent of where that leads.
import { readlink, realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** As many as the kernel follows, see path_resolution(7). */
const MOST_LINKS = 40;

/** The absolute path; nothing has to be there, except before a `..`. */
export async function placeOf(path: string, folder: string): Promise<string> {
  const joined = path.startsWith('/') ? path : `${folder}/${path}`;
  const climbs = /^.*(?:^|\/)\.\.(?=\/|$)/.exec(joined);
  if (!climbs) return resolve(joined);
  return resolve(await realpath(climbs[0]), `.${joined.slice(climbs[0].length)}`);
}

/** Where writing to the path goes: a symlink is followed, also one that leads to nothing yet. */
export async function followed(path: string): Promise<string> {
  let at = path;
  for (let links = 0; links <= MOST_LINKS; links += 1) {
    const target = await linkTarget(at);
    if (target === undefined) return at;
    at = await placeOf(target, dirname(at));
  }
  throw Object.assign(new Error(`ELOOP: ${path}`), { code: 'ELOOP', path });
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EINVAL' || code === 'ENOENT') return undefined; // no symlink, or nothing at all
    throw error;
  }
}

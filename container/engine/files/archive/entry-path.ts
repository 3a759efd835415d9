// Where in the folder an archive's entry goes, and whether what it links to stays inside. Pure.
// Invariant: whatever is accepted, no name in the folder leads out of it, also through other links of the archive.
import { HoldfastError } from '#protocol';
import { shown } from '../file-error.ts';

/** The names on the way from the folder to the entry; none for the folder itself. */
export function entryNames(path: string): string[] {
  if (path.includes('\0')) throw unsafe(path, 'holds NUL');
  if (path.startsWith('/')) throw unsafe(path, 'is absolute');
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) throw unsafe(path, 'leads up');
  return names;
}

/**
 * A symlink may climb only at its start and only as far as the folder: each later name then leads further in, or
 * through another link of which the same holds.
 */
export function assertLinkStays(names: readonly string[], target: string): void {
  const path = names.join('/');
  if (target === '' || target.includes('\0')) throw unsafe(path, 'links to no path');
  if (target.startsWith('/')) throw unsafe(path, 'links to an absolute path');
  const steps = target.split('/').filter((name) => name !== '' && name !== '.');
  const firstName = steps.findIndex((name) => name !== '..');
  const climbs = firstName < 0 ? steps.length : firstName;
  if (steps.slice(climbs).includes('..')) throw unsafe(path, 'links to a path that turns back');
  if (climbs > names.length - 1) throw unsafe(path, 'links to a place outside of the folder');
}

export function unsafe(path: string, why: string): HoldfastError {
  return new HoldfastError(
    'UNSAFE_ARCHIVE',
    `the archive's entry ${JSON.stringify(shown(path))} ${why}; nothing was unpacked`,
  );
}

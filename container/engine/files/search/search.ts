// Looks for text in files: with ripgrep where it is installed, else by reading them one after the other.
import { lstat, realpath, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { HoldfastError, LIMITS, type SearchResult } from '#protocol';
import { PathFilter } from '../glob.ts';
import { searchByReading } from './by-reading.ts';
import { searchWithRipgrep } from './ripgrep.ts';

export interface SearchOptions {
  pattern: string;
  regex?: boolean | undefined;
  ignoreCase?: boolean | undefined;
  hidden?: boolean | undefined;
  ignored?: boolean | undefined;
  include?: string[] | undefined;
  exclude?: string[] | undefined;
  limit?: number | undefined;
}

/** What both ways to search are given. */
export interface Search {
  /** A folder; or the folder of the one file that is looked at. */
  root: string;
  file: string | undefined;
  pattern: string;
  regex: boolean;
  ignoreCase: boolean;
  hidden: boolean;
  ignored: boolean;
  filter: PathFilter;
  exclude: string[];
  limit: number;
  signal: AbortSignal;
}

/** @throws INVALID_REQUEST for a regular expression that is none. */
export async function searchFiles(
  path: string,
  options: SearchOptions,
  signal: AbortSignal,
): Promise<SearchResult> {
  const { regex = false, ignoreCase = false, hidden = false, ignored = false, include, exclude } = options;
  const isFolder = (await stat(path)).isDirectory();
  await assertNoProcesses(path);
  const search: Search = {
    root: path,
    file: isFolder ? undefined : basename(path),
    pattern: options.pattern,
    regex,
    ignoreCase,
    hidden,
    ignored,
    filter: new PathFilter({ include, exclude }),
    exclude: exclude ?? [],
    limit: options.limit ?? LIMITS.defaultSearchMatches,
    signal,
  };
  return (await searchWithRipgrep(search)) ?? (await searchByReading(search));
}

/** Files of processes are read by commands, not from here; below `/` they are left out. */
async function assertNoProcesses(path: string): Promise<void> {
  if (!/^\/proc(\/|$)/.test(await realpath(path))) return;
  await lstat(path);
  throw new HoldfastError(
    'PERMISSION_DENIED',
    '/proc holds what belongs to processes; search it with a command',
  );
}

// What calls about files are asked in their queries, where every value is text.
import * as z from 'zod';
import { FileMode, FilePath, Globs } from './files.ts';
import { LIMITS } from './limits.ts';
import { SessionId } from './names.ts';

const Flag = z.stringbool({ truthy: ['true', '1'], falsy: ['false', '0'] });
const Whole = (max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(max));

/** In the query of every call about files: whose cwd relative paths start from; `default` unless given. */
const inSession = { session: SessionId.optional() };

export const FilesQuery = z.strictObject(inSession);
export const PathQuery = z.strictObject({ path: FilePath, ...inSession });

export const ReadFileQuery = z.strictObject({
  path: FilePath,
  ...inSession,
  /** The ETag also for a file over 1 MiB, which is then read twice. */
  hash: Flag.optional(),
});

export const WriteFileQuery = z.strictObject({
  path: FilePath,
  ...inSession,
  /** Adds to the end of what is there. */
  append: Flag.optional(),
  /** Makes the folders that are missing on the way. */
  parents: Flag.optional(),
  /** Of the file; one that is replaced keeps its own otherwise. */
  mode: FileMode.optional(),
});

export const DeleteFileQuery = z.strictObject({
  path: FilePath,
  ...inSession,
  /** Folders too, with all that is in them. */
  recursive: Flag.optional(),
});

export const ListFilesQuery = z.strictObject({
  path: FilePath,
  ...inSession,
  recursive: Flag.optional(),
  /** Names that begin with a dot too. */
  hidden: Flag.optional(),
  /** Entries of a page; 1,000 unless given. */
  limit: Whole(LIMITS.listedFiles).optional(),
  /** The `cursor` of the page before. */
  cursor: z.string().max(8_192).optional(),
});

export const StatQuery = z.strictObject({
  path: FilePath,
  ...inSession,
  /** `false` tells of a symlink itself. */
  follow: Flag.optional(),
  /** The ETag of the content too. */
  hash: Flag.optional(),
});

export const SearchQuery = z.strictObject({
  path: FilePath,
  ...inSession,
  pattern: z.string().min(1).max(LIMITS.searchPatternLength),
  /** The pattern is a regular expression; else it is looked for as it is. */
  regex: Flag.optional(),
  ignoreCase: Flag.optional(),
  hidden: Flag.optional(),
  /** Also what `.gitignore` and the like leave out. */
  ignored: Flag.optional(),
  include: Globs.optional(),
  exclude: Globs.optional(),
  /** Matching lines in the answer; 1,000 unless given. */
  limit: Whole(LIMITS.searchMatches).optional(),
});

export const ArchiveQuery = z.strictObject({
  path: FilePath,
  ...inSession,
  gzip: Flag.optional(),
});

export const UnpackQuery = z.strictObject({
  path: FilePath,
  ...inSession,
  parents: Flag.optional(),
});

export const WatchQuery = z.strictObject({
  path: FilePath,
  ...inSession,
  /** `false` watches the folder alone. */
  recursive: Flag.optional(),
  include: Globs.optional(),
  exclude: Globs.optional(),
});

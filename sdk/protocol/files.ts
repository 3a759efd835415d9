// Files of a sandbox: what the calls below `/files` take and answer. Contents travel as raw bytes beside these, and
// what the calls are asked in their queries is in files-queries.ts.
import * as z from 'zod';
import { LIMITS } from './limits.ts';

/** Absolute, or relative to the session's cwd. Nothing in it is expanded: `~` is a name like any other. */
export const FilePath = z
  .string()
  .min(1, 'a path must not be empty')
  .refine((path) => !path.includes('\0'), 'a path must not hold NUL')
  .refine(
    (path) => new TextEncoder().encode(path).length <= LIMITS.pathBytes,
    'a path is at most 4,095 bytes',
  );

/** Permission bits in octal, as chmod(1) takes them. */
export const FileMode = z.string().regex(/^0?[0-7]{3}$/, 'a mode is three octal digits, such as 644');

export const Globs = z
  .union([z.string(), z.array(z.string())])
  .transform((globs) => [globs].flat())
  .pipe(z.array(z.string().min(1).max(LIMITS.globLength)).max(LIMITS.globs));

export const MakeFolderRequest = z.strictObject({
  path: FilePath,
  /** Makes those on the way too, and is content with one that is there. */
  parents: z.boolean().optional(),
  mode: FileMode.optional(),
});
export type MakeFolderRequest = z.infer<typeof MakeFolderRequest>;

export const MoveFileRequest = z.strictObject({
  from: FilePath,
  /** The new path itself, not a folder to move into. */
  to: FilePath,
  overwrite: z.boolean().optional(),
  parents: z.boolean().optional(),
});
export type MoveFileRequest = z.infer<typeof MoveFileRequest>;

export const CopyFileRequest = MoveFileRequest.extend({
  /** A folder, with all that is in it. */
  recursive: z.boolean().optional(),
});
export type CopyFileRequest = z.infer<typeof CopyFileRequest>;

export const ReplaceRequest = z.strictObject({
  /** A file, or a folder whose files are all looked at. */
  path: FilePath,
  /** Text that is looked for as it is. */
  search: z.string().min(1).max(LIMITS.jsonBodyBytes),
  replacement: z.string().max(LIMITS.jsonBodyBytes),
  /** Nothing is written unless it is found so often in all. */
  expected: z.int().min(0).optional(),
  hidden: z.boolean().optional(),
  include: Globs.optional(),
  exclude: Globs.optional(),
});
export type ReplaceRequest = z.input<typeof ReplaceRequest>;

export const FileType = z.enum(['file', 'directory', 'symlink', 'other']);
export type FileType = z.infer<typeof FileType>;

export const FileInfo = z.object({
  name: z.string(),
  /** The bytes of a name that is not UTF-8. */
  nameBase64: z.string().optional(),
  absolutePath: z.string(),
  /** From the folder that was listed. */
  relativePath: z.string(),
  type: FileType,
  size: z.int(),
  /** ISO 8601. */
  modifiedAt: z.string(),
  /** Permission bits in octal. */
  mode: z.string(),
  /** What the engine, and so every command, may do with it. */
  permissions: z.object({ readable: z.boolean(), writable: z.boolean(), executable: z.boolean() }),
  /** Where a symlink leads, as it is written. */
  target: z.string().optional(),
});
export type FileInfo = z.infer<typeof FileInfo>;

export const FileList = z.object({
  path: z.string(),
  files: z.array(FileInfo),
  /** For the next page; null after the last. */
  cursor: z.string().nullable(),
});
export type FileList = z.infer<typeof FileList>;

export const FileStat = FileInfo.omit({ relativePath: true, nameBase64: true }).extend({
  uid: z.int(),
  gid: z.int(),
  /** Names that this file has. */
  links: z.int(),
  etag: z.string().optional(),
});
export type FileStat = z.infer<typeof FileStat>;

export const FileExists = z.object({ path: z.string(), exists: z.boolean(), type: FileType.nullable() });
export type FileExists = z.infer<typeof FileExists>;

export const WrittenFile = z.object({
  path: z.string(),
  /** Of the whole file now. */
  size: z.int(),
  /** What this call wrote. */
  bytesWritten: z.int(),
  created: z.boolean(),
  /** Hash of the whole content; absent after an append. */
  etag: z.string().optional(),
});
export type WrittenFile = z.infer<typeof WrittenFile>;

export const PlacedFile = z.object({ path: z.string() });
export type PlacedFile = z.infer<typeof PlacedFile>;

export const FileMatch = z.object({
  path: z.string(),
  /** From 1. */
  line: z.int(),
  /** Of the first match in the line, in bytes from 1. */
  column: z.int(),
  /** The line without its newline, at most 4,096 characters of it. */
  text: z.string(),
});
export type FileMatch = z.infer<typeof FileMatch>;

export const SearchResult = z.object({
  matches: z.array(FileMatch),
  /** There are more than `limit`. */
  truncated: z.boolean(),
  /** What searched: `built-in` where ripgrep is not installed. */
  tool: z.enum(['ripgrep', 'built-in']),
});
export type SearchResult = z.infer<typeof SearchResult>;

export const ReplaceResult = z.object({
  files: z.array(z.object({ path: z.string(), replacements: z.int(), etag: z.string() })),
  replacements: z.int(),
});
export type ReplaceResult = z.infer<typeof ReplaceResult>;

export const UnpackedArchive = z.object({ path: z.string(), entries: z.int(), bytes: z.int() });
export type UnpackedArchive = z.infer<typeof UnpackedArchive>;

/** The events of `GET /files/watch`; each one's name is its type. */
export type FileEvent =
  | { type: 'watching'; path: string; folders: number }
  | { type: 'create' | 'modify' | 'delete' | 'attrib'; path: string; isDirectory: boolean; timestamp: string }
  | { type: 'move'; path: string; oldPath: string; isDirectory: boolean; timestamp: string }
  /** Changes are missing from here on: `missed` of them, or null where nobody counted. Look for yourself. */
  | { type: 'overflow'; missed: number | null; timestamp: string }
  /** The last one. */
  | { type: 'stopped'; reason: string };

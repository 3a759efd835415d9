// What the calls about files are given, and what they give.
import type { FileExists, FileInfo, ReplaceRequest, WrittenFile } from './protocol/index.ts';

/** `sessionId`: from whose cwd relative paths start; of a `Session` its own, else `default`. */
export interface FileOptions {
  sessionId?: string;
  signal?: AbortSignal;
}

export interface WriteFileOptions extends FileOptions {
  /** Of `content` where that is a string. */
  encoding?: 'utf-8' | 'utf8' | 'base64';
  /** Adds to the end. Never repeated by itself. */
  append?: boolean;
  /** Makes the folders that are missing on the way. */
  parents?: boolean;
  /** Permission bits in octal, such as `'755'`; a file that is replaced keeps its own. */
  mode?: string;
  /** Writes only over the content with this `etag`, or, with `'*'`, only over a file that is there. */
  ifMatch?: string;
  /** `'*'` writes only where nothing is. */
  ifNoneMatch?: string;
}

export interface ReadFileOptions extends FileOptions {
  /** Text, base64, or, with `'none'`, a stream of bytes; absent is text where the content is UTF-8. */
  encoding?: 'utf-8' | 'utf8' | 'base64';
}

export interface ReadStreamOptions extends FileOptions {
  /** The first byte, from 0. */
  from?: number;
  /** Behind the last byte. */
  to?: number;
}

export interface ListFilesOptions extends FileOptions {
  recursive?: boolean;
  includeHidden?: boolean;
}

export interface PlaceOptions extends FileOptions {
  /** Takes the place of what is there. Moves do unless told otherwise, as mv(1); copies do not. */
  overwrite?: boolean;
  parents?: boolean;
}

export interface SearchOptions extends FileOptions {
  regex?: boolean;
  ignoreCase?: boolean;
  hidden?: boolean;
  /** Also what `.gitignore` and the like leave out. */
  ignored?: boolean;
  include?: string[];
  exclude?: string[];
  /** Matching lines; 1,000 unless given. */
  limit?: number;
}

export type ReplaceOptions = Omit<ReplaceRequest, 'path' | 'search' | 'replacement'> & FileOptions;

export interface WatchOptions extends FileOptions {
  /** Folders in it too, unless false. */
  recursive?: boolean;
  /** Files that are told; all unless given. */
  include?: string[];
  /** Default `['.git', 'node_modules', '.DS_Store']`. */
  exclude?: string[];
}

export interface Done {
  success: true;
  path: string;
  /** ISO 8601. */
  timestamp: string;
}

export type WriteFileResult = Done & WrittenFile;

export interface ReadFileResult extends Done {
  content: string;
  encoding: 'utf-8' | 'base64';
  isBinary: boolean;
  mimeType: string;
  /** In bytes. */
  size: number;
  etag?: string;
}

export interface ReadFileStreamResult extends Done {
  content: ReadableStream<Uint8Array>;
  mimeType: string;
  size: number;
}

export type MkdirResult = Done & { recursive: boolean };
export type MoveFileResult = Done & { newPath: string };
export type FileExistsResult = Done & FileExists;
export type ListFilesResult = Done & { files: FileInfo[]; count: number };

// Files of a sandbox. Relative paths start from the cwd of a session; no call waits for a command that runs.
import type { Call, Connection } from './connection/connection.ts';
import { decodeContent, encodeContent } from './file-content.ts';
import type * as Options from './files-options.ts';
import type {
  FileEvent,
  FileExists,
  FileInfo,
  FileList,
  FileStat,
  ReplaceResult,
  SearchResult,
  UnpackedArchive,
  WrittenFile,
} from './protocol/index.ts';
import { fileEvents } from './stream/file-events.ts';

type Query = Record<string, string | number | boolean | string[] | undefined>;

const BYTES = 'application/octet-stream';

/**
 * The file calls that a `Sandbox` and a `Session` have. All throw `FILE_NOT_FOUND`, `PERMISSION_DENIED`,
 * `IS_DIRECTORY`, `NOT_DIRECTORY` and `NAME_TOO_LONG` where they say so.
 *
 * @example
 * await sandbox.writeFile('/app/config.json', '{"port": 3000}');
 * const { content } = await sandbox.readFile('/app/config.json');
 */
export class Files {
  protected readonly connection: Connection;
  readonly #session: string | undefined;

  /** `session`: from whose cwd relative paths start; `default` unless given. */
  constructor(connection: Connection, session?: string) {
    this.connection = connection;
    this.#session = session;
  }

  /**
   * Writes a file whole or not at all; whoever reads meanwhile has the old content or the new one. Text, bytes, or
   * a stream of any length, which is never repeated by itself.
   *
   * Throws `FILE_CHANGED` where `ifMatch` or `ifNoneMatch` does not hold, `DISK_FULL`.
   *
   * @example
   * const { etag } = await sandbox.writeFile('/app/a.txt', 'one');
   * await sandbox.writeFile('/app/a.txt', 'two', { ifMatch: etag });
   */
  async writeFile(
    path: string,
    content: string | Uint8Array | ReadableStream<Uint8Array>,
    options: Options.WriteFileOptions = {},
  ): Promise<Options.WriteFileResult> {
    const { append, parents, mode, ifMatch, ifNoneMatch, encoding } = options;
    const headers: Record<string, string> = {};
    if (ifMatch !== undefined) headers['if-match'] = ifMatch;
    if (ifNoneMatch !== undefined) headers['if-none-match'] = ifNoneMatch;
    const isStream = content instanceof ReadableStream;
    // A repeat would find its own content there, or add to it once more.
    const once = isStream || append || ifMatch !== undefined || ifNoneMatch !== undefined;
    const written = await this.connection.json<WrittenFile>({
      method: 'PUT',
      path: this.#path('', { path, append, parents, mode }, options),
      ...(isStream ? { stream: content } : { bytes: encodeContent(content, encoding) }),
      headers,
      repeat: isStream ? 'never' : once ? 'unstarted' : 'always',
      signal: options.signal,
    });
    return done(written);
  }

  /**
   * Reads a file: as text where it is UTF-8, else as base64, unless `encoding` says which. With `'none'` the content
   * is a stream of bytes.
   *
   * @example
   * const { content, isBinary, etag } = await sandbox.readFile('/app/a.txt');
   */
  readFile(
    path: string,
    options: Options.FileOptions & { encoding: 'none' },
  ): Promise<Options.ReadFileStreamResult>;
  readFile(path: string, options?: Options.ReadFileOptions): Promise<Options.ReadFileResult>;
  async readFile(
    path: string,
    options: Options.FileOptions & { encoding?: Options.ReadFileOptions['encoding'] | 'none' } = {},
  ): Promise<Options.ReadFileResult | Options.ReadFileStreamResult> {
    const call = this.#get('', { path }, options);
    const { encoding } = options;
    if (encoding === 'none') {
      const { body, headers } = await this.connection.answer(call, BYTES);
      const size = Number(headers.get('content-length') ?? 0);
      return done({ path, content: body ?? new Blob([]).stream(), mimeType: BYTES, size });
    }
    const { bytes, headers } = await this.connection.bytes(call, BYTES);
    const etag = headers.get('etag');
    const read = { ...decodeContent(bytes, encoding), size: bytes.length };
    return done({ path, ...read, ...(etag === null ? {} : { etag }) });
  }

  /**
   * A file's bytes, or a range of them, as they come. A cut makes the reader fail; go on with `from`.
   *
   * @example
   * const bytes = await sandbox.readFileStream('/app/video.mp4', { from: 1_000_000 });
   */
  readFileStream(path: string, options: Options.ReadStreamOptions = {}): Promise<ReadableStream<Uint8Array>> {
    const { from, to } = options;
    const isRange = from !== undefined || to !== undefined;
    const headers: Record<string, string> = isRange
      ? { range: `bytes=${from ?? 0}-${to === undefined ? '' : to - 1}` }
      : {};
    return this.connection.body({ ...this.#get('', { path }, options), headers }, BYTES);
  }

  /**
   * Makes a folder. With `recursive` those on the way too, and one that is there is fine; else `FILE_EXISTS`.
   *
   * @example
   * await sandbox.mkdir('/app/src/deep', { recursive: true });
   */
  async mkdir(
    path: string,
    options: Options.FileOptions & { recursive?: boolean; mode?: string } = {},
  ): Promise<Options.MkdirResult> {
    const { recursive = false, mode } = options;
    const made = await this.#post<{ path: string }>('/mkdir', { path, parents: recursive, mode }, options);
    return done({ ...made, recursive });
  }

  /**
   * Removes a file or a symlink; a folder with all in it only with `recursive`, else `IS_DIRECTORY`.
   *
   * @example
   * await sandbox.deleteFile('/app/old', { recursive: true });
   */
  async deleteFile(
    path: string,
    options: Options.FileOptions & { recursive?: boolean } = {},
  ): Promise<Options.Done> {
    const { recursive, signal } = options;
    await this.connection.json({
      method: 'DELETE',
      path: this.#path('', { path, recursive }, options),
      repeat: 'always',
      doneBefore: 'FILE_NOT_FOUND',
      signal,
    });
    return done({ path });
  }

  /** The same as `moveFile`. */
  renameFile(path: string, newPath: string, options?: Options.PlaceOptions): Promise<Options.MoveFileResult> {
    return this.moveFile(path, newPath, options);
  }

  /**
   * Moves a file or a folder to a new path, over what is there unless `overwrite` is false. Never repeated by itself.
   *
   * @example
   * await sandbox.moveFile('/app/a.txt', '/app/b.txt', { overwrite: false });
   */
  async moveFile(
    path: string,
    newPath: string,
    options: Options.PlaceOptions = {},
  ): Promise<Options.MoveFileResult> {
    const { overwrite = true, parents } = options;
    await this.#post('/move', { from: path, to: newPath, overwrite, parents }, options);
    return done({ path, newPath });
  }

  /**
   * Copies a file, or with `recursive` a folder. Throws `FILE_EXISTS` unless `overwrite` is given.
   *
   * @example
   * await sandbox.copyFile('/app', '/backup', { recursive: true });
   */
  async copyFile(
    path: string,
    newPath: string,
    options: Options.PlaceOptions & { recursive?: boolean } = {},
  ): Promise<Options.MoveFileResult> {
    const { overwrite, parents, recursive } = options;
    await this.#post('/copy', { from: path, to: newPath, overwrite, parents, recursive }, options);
    return done({ path, newPath });
  }

  /**
   * What is in a folder, in the order of names, in as many pages as it takes.
   *
   * @example
   * const { files } = await sandbox.listFiles('/app', { recursive: true, includeHidden: true });
   */
  async listFiles(path: string, options: Options.ListFilesOptions = {}): Promise<Options.ListFilesResult> {
    const { recursive, includeHidden: hidden } = options;
    const files: FileInfo[] = [];
    for (let cursor: string | undefined; ; ) {
      const call = this.#get('/list', { path, recursive, hidden, limit: 10_000, cursor }, options);
      const page = await this.connection.json<FileList>(call);
      files.push(...page.files);
      if (page.cursor === null) return done({ path: page.path, files, count: files.length });
      cursor = page.cursor;
    }
  }

  /**
   * What a path is; of a symlink what it leads to, unless `follow` is false. `hash` asks for the `etag` too.
   *
   * @example
   * const { type, size, mode } = await sandbox.statFile('/app/run.sh');
   */
  statFile(
    path: string,
    options: Options.FileOptions & { follow?: boolean; hash?: boolean } = {},
  ): Promise<FileStat> {
    const { follow, hash } = options;
    return this.connection.json(this.#get('/stat', { path, follow, hash }, options));
  }

  /**
   * Whether there is something at a path.
   *
   * @example
   * if (!(await sandbox.exists('/app/package.json')).exists) await sandbox.exec('npm init -y');
   */
  async exists(path: string, options: Options.FileOptions = {}): Promise<Options.FileExistsResult> {
    return done(await this.connection.json<FileExists>(this.#get('/exists', { path }, options)));
  }

  /**
   * Finds lines that hold a text, or with `regex` match a regular expression.
   *
   * @example
   * const { matches } = await sandbox.searchFiles('/app', 'TODO', { include: ['*.ts'] });
   */
  searchFiles(path: string, pattern: string, options: Options.SearchOptions = {}): Promise<SearchResult> {
    const { sessionId: _, signal: __, ...query } = options;
    return this.connection.json(this.#get('/search', { path, pattern, ...query }, options));
  }

  /**
   * Replaces a text in a file, or in all files of a folder. With `expected` nothing is written unless it is found so
   * often: `COUNT_MISMATCH`. Never repeated by itself.
   *
   * @example
   * await sandbox.replaceInFiles('/app/a.ts', 'oldName', 'newName', { expected: 1 });
   */
  replaceInFiles(
    path: string,
    search: string,
    replacement: string,
    options: Options.ReplaceOptions = {},
  ): Promise<ReplaceResult> {
    const { sessionId: _, signal: __, ...more } = options;
    return this.#post('/replace', { path, search, replacement, ...more }, options);
  }

  /**
   * A folder with all in it as a tar stream.
   *
   * @example
   * const archive = await sandbox.packFolder('/app', { gzip: true });
   */
  packFolder(
    path: string,
    options: Options.FileOptions & { gzip?: boolean } = {},
  ): Promise<ReadableStream<Uint8Array>> {
    const { gzip = false } = options;
    const type = gzip ? 'application/gzip' : 'application/x-tar';
    return this.connection.body(this.#get('/archive', { path, gzip }, options), type);
  }

  /**
   * Unpacks a tar archive, packed by gzip or not, into a folder: all of it, or nothing. Throws `UNSAFE_ARCHIVE` when
   * it would reach out of the folder, `INVALID_ARCHIVE` when it is damaged.
   *
   * @example
   * await other.unpackArchive('/app', await sandbox.packFolder('/app'));
   */
  unpackArchive(
    path: string,
    archive: Uint8Array | ReadableStream<Uint8Array>,
    options: Options.FileOptions & { parents?: boolean } = {},
  ): Promise<UnpackedArchive> {
    const { parents, signal } = options;
    const isStream = archive instanceof ReadableStream;
    return this.connection.json({
      method: 'PUT',
      path: this.#path('/archive', { path, parents }, options),
      ...(isStream ? { stream: archive } : { bytes: new Uint8Array(archive) }),
      repeat: isStream ? 'never' : 'always',
      signal,
    });
  }

  /**
   * Watches a folder, or one file; resolves once it is watched, and yields each change. A rename has both paths.
   * `overflow` says that changes are missing; look for yourself then. A cut makes the reader fail, since nobody knows
   * what was missed. Leaving the loop ends the watch.
   *
   * @example
   * for await (const change of await sandbox.watch('/app/src')) console.log(change.type, change);
   */
  async watch(
    path: string,
    options: Options.WatchOptions = {},
  ): Promise<AsyncGenerator<FileEvent, void, undefined>> {
    const { recursive, include, exclude } = options;
    const call = this.#get('/watch', { path, recursive, include, exclude }, options);
    const body = await this.connection.body(call, 'text/event-stream');
    const { silenceMs } = this.connection.policy;
    const signal = this.connection.signalWith(options.signal);
    return fileEvents(body, { silenceMs, signal });
  }

  #get(rest: string, query: Query, options: Options.FileOptions): Call {
    return {
      method: 'GET',
      path: this.#path(rest, query, options),
      repeat: 'always',
      signal: options.signal,
    };
  }

  #post<T>(rest: string, json: object, options: Options.FileOptions): Promise<T> {
    const path = this.#path(rest, {}, options);
    return this.connection.json({ method: 'POST', path, json, repeat: 'unstarted', signal: options.signal });
  }

  #path(rest: string, query: Query, { sessionId = this.#session }: Options.FileOptions): string {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries({ ...query, session: sessionId })) {
      for (const one of value === undefined ? [] : [value].flat()) search.append(name, String(one));
    }
    return search.size === 0 ? `/files${rest}` : `/files${rest}?${search}`;
  }
}

function done<T extends { path: string }>(result: T): T & Options.Done {
  return { success: true, ...result, timestamp: new Date().toISOString() };
}

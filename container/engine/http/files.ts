// Routes of files. They never wait for a command: of a session they ask nothing but where it is.
import { join } from 'node:path';
import {
  CopyFileRequest,
  DEFAULT_SESSION,
  HoldfastError,
  MakeFolderRequest,
  MoveFileRequest,
  OPERATIONS,
  ReplaceRequest,
} from '#protocol';
import type { Engine } from '../engine.ts';
import { Drafts } from '../files/archive/drafts.ts';
import { unpack } from '../files/archive/unpack.ts';
import { copyPath, makeFolder, moveFile, removeFile } from '../files/arrange.ts';
import { conditionOf } from '../files/content-hash.ts';
import { about } from '../files/file-error.ts';
import { listFiles } from '../files/list.ts';
import { PathLocks } from '../files/path-locks.ts';
import { placeOf } from '../files/place.ts';
import { replaceInFiles } from '../files/replace.ts';
import { searchFiles } from '../files/search/search.ts';
import { fileExists, statFile } from '../files/stat-file.ts';
import { writeFile } from '../files/write-file.ts';
import { answerLate } from './answer-late.ts';
import { readJson } from './body.ts';
import { direct } from './direct.ts';
import { sendArchive } from './file-archive.ts';
import { sendFile } from './file-content.ts';
import { streamChanges } from './file-watch.ts';
import { readQuery } from './query.ts';
import type { Routes } from './routes.ts';
import { uploaded, uploading } from './upload.ts';

const {
  readFile,
  writeFile: write,
  deleteFile,
  listFiles: list,
  statFile: stat,
  fileExists: exists,
} = OPERATIONS;
const { makeFolder: mkdir, moveFile: move, copyFile: copy } = OPERATIONS;

export function fileRoutes(app: Routes, engine: Engine, stateFolder: string): void {
  const locks = new PathLocks();
  const drafts = new Drafts(join(stateFolder, 'drafts'));
  const noted = drafts.noted.bind(drafts);

  /** Runs `act` with the absolute path; what fails is about the path as the caller wrote it. */
  const at = <T>(
    { path, session }: { path: string; session?: string | undefined },
    act: (path: string) => Promise<T>,
  ): Promise<T> =>
    about(path, async () => {
      // An absolute path starts from nowhere: there need not be a session.
      const isFree = session === undefined && path.startsWith('/');
      const cwd = isFree ? '/' : engine.sessions.get(session ?? DEFAULT_SESSION).info().cwd;
      return await act(await placeOf(path, cwd));
    });

  app.get(readFile.path, (c) =>
    direct(c, async (request, response) => {
      const query = readQuery(c, readFile.query);
      await at(query, (path) => sendFile(path, { hash: query.hash ?? false }, request, response));
    }),
  );

  app.put(write.path, async (c) => {
    const request = c.env.incoming;
    return await uploading(request, async () => {
      const query = readQuery(c, write.query);
      if (request.headers['content-range'] !== undefined) {
        // RFC 9110, section 14.5: what is meant as a part must not become the whole.
        throw new HoldfastError(
          'INVALID_REQUEST',
          'a part of a file cannot be written; send it whole, or append',
        );
      }
      const { append, parents, mode } = query;
      const condition = conditionOf(request.headers['if-match'], request.headers['if-none-match']);
      const options = { append, parents, mode: modeOf(mode), condition };
      return await at(query, async (path) => {
        const written = await writeFile(path, uploaded(request), options, locks);
        const headers: Record<string, string> = written.etag ? { etag: written.etag } : {};
        return c.json({ path, ...written }, written.created ? 201 : 200, headers);
      });
    });
  });

  app.delete(deleteFile.path, async (c) => {
    const query = readQuery(c, deleteFile.query);
    await at(query, (path) => removeFile(path, query.recursive ?? false));
    return c.body(null, 204);
  });

  app.get(list.path, async (c) => {
    const query = readQuery(c, list.query);
    return c.json(await at(query, (path) => listFiles(path, query)));
  });

  app.get(stat.path, async (c) => {
    const query = readQuery(c, stat.query);
    return c.json(await at(query, (path) => statFile(path, query)));
  });

  app.get(exists.path, async (c) => c.json(await at(readQuery(c, exists.query), fileExists)));

  app.get(OPERATIONS.searchFiles.path, (c) =>
    direct(c, async (request, response) => {
      const query = readQuery(c, OPERATIONS.searchFiles.query);
      const leaving = new AbortController();
      response.once('close', () => leaving.abort());
      const searching = at(query, (path) => searchFiles(path, query, leaving.signal));
      await answerLate(searching, request, response);
    }),
  );

  app.post(OPERATIONS.replaceInFiles.path, async (c) => {
    const request = c.env.incoming;
    const { session } = readQuery(c, OPERATIONS.replaceInFiles.query);
    const { path, ...wanted } = await readJson(request, ReplaceRequest);
    const condition = conditionOf(request.headers['if-match']);
    return c.json(
      await at({ path, session }, (file) => replaceInFiles(file, { ...wanted, condition }, locks)),
    );
  });

  app.get(OPERATIONS.watchFiles.path, (c) =>
    direct(c, async (_, response) => {
      const query = readQuery(c, OPERATIONS.watchFiles.query);
      await at(query, (path) => streamChanges(path, query, engine.poller, response));
    }),
  );

  app.get(OPERATIONS.packFiles.path, (c) =>
    direct(c, async (_, response) => {
      const query = readQuery(c, OPERATIONS.packFiles.query);
      await at(query, (path) => sendArchive(path, query.gzip ?? false, response));
    }),
  );

  app.put(OPERATIONS.unpackFiles.path, async (c) => {
    const request = c.env.incoming;
    return await uploading(request, async () => {
      const query = readQuery(c, OPERATIONS.unpackFiles.query);
      const parents = query.parents ?? false;
      return await at(query, async (path) => {
        const unpacked = await unpack(uploaded(request), path, { parents, noted });
        return c.json({ path, ...unpacked }, 201);
      });
    });
  });

  app.post(mkdir.path, async (c) => {
    const { session } = readQuery(c, mkdir.query);
    const { path, parents, mode } = await readJson(c.env.incoming, MakeFolderRequest);
    return await at({ path, session }, async (path) => {
      const made = await makeFolder(path, { parents, mode: modeOf(mode) });
      return c.json({ path }, made ? 201 : 200);
    });
  });

  app.post(move.path, async (c) => {
    const { session } = readQuery(c, move.query);
    const { from, to, ...options } = await readJson(c.env.incoming, MoveFileRequest);
    return await at({ path: from, session }, async (from) => {
      const path = await at({ path: to, session }, async (to) => to);
      await moveFile(from, path, options, locks);
      return c.json({ path }, 201);
    });
  });

  app.post(copy.path, async (c) => {
    const { session } = readQuery(c, copy.query);
    const { from, to, ...options } = await readJson(c.env.incoming, CopyFileRequest);
    return await at({ path: from, session }, async (from) => {
      const path = await at({ path: to, session }, async (to) => to);
      await copyPath(from, path, options, locks);
      return c.json({ path }, 201);
    });
  });
}

function modeOf(octal: string | undefined): number | undefined {
  return octal === undefined ? undefined : Number.parseInt(octal, 8);
}

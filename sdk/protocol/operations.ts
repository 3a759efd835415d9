// The HTTP API as data: the engine serves these paths, the Worker the same under
// /v1/sandboxes/{sandbox}. `access` is what a scoped token must allow; `body` what is validated.
import type * as z from 'zod';
import { SignalRequest } from './command.ts';
import { ExecRequest } from './exec.ts';
import { CopyFileRequest, MakeFolderRequest, MoveFileRequest, ReplaceRequest } from './files.ts';
import {
  ArchiveQuery,
  DeleteFileQuery,
  FilesQuery,
  ListFilesQuery,
  PathQuery,
  ReadFileQuery,
  SearchQuery,
  StatQuery,
  UnpackQuery,
  WatchQuery,
  WriteFileQuery,
} from './files-queries.ts';
import { GitCloneRequest } from './git.ts';
import { StartProcessRequest, TerminateRequest } from './process.ts';
import { CreateSessionRequest } from './session.ts';
import { ConnectTerminalQuery, CreateTerminalRequest } from './terminal.ts';
import { WaitRequest } from './wait.ts';

export interface Operation {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Hono and URLPattern syntax. */
  path: string;
  access: 'read' | 'write';
  /** Schema of the JSON body; absent where the call takes none or takes raw bytes. */
  body?: z.ZodType;
  /** The body is raw bytes, or JSON if the content type says so; it is streamed, never held. */
  rawBody?: true;
  /** The body is bytes whatever the content type says, and streamed as they are. */
  bytesBody?: true;
  /** Schema of the query; absent where unknown and senseless parameters do no harm. */
  query?: z.ZodType;
  /** It is an upgrade to a WebSocket; without one the path is another operation's. */
  socket?: true;
}

export const OPERATIONS = {
  listSessions: { method: 'GET', path: '/sessions', access: 'read' },
  createSession: { method: 'POST', path: '/sessions', access: 'write', body: CreateSessionRequest },
  getSession: { method: 'GET', path: '/sessions/:session', access: 'read' },
  deleteSession: { method: 'DELETE', path: '/sessions/:session', access: 'write' },
  exec: { method: 'POST', path: '/sessions/:session/exec', access: 'write', body: ExecRequest },
  interrupt: { method: 'POST', path: '/sessions/:session/interrupt', access: 'write' },
  listCommands: { method: 'GET', path: '/commands', access: 'read' },
  getCommand: { method: 'GET', path: '/commands/:command', access: 'read' },
  commandEvents: { method: 'GET', path: '/commands/:command/events', access: 'read' },
  commandPage: { method: 'GET', path: '/commands/:command/output', access: 'read' },
  commandOutput: { method: 'GET', path: '/commands/:command/output/:stream', access: 'read' },
  commandStdin: { method: 'POST', path: '/commands/:command/stdin', access: 'write', rawBody: true },
  commandSignal: { method: 'POST', path: '/commands/:command/signal', access: 'write', body: SignalRequest },
  startProcess: { method: 'POST', path: '/processes', access: 'write', body: StartProcessRequest },
  listProcesses: { method: 'GET', path: '/processes', access: 'read' },
  getProcess: { method: 'GET', path: '/processes/:process', access: 'read' },
  deleteProcess: { method: 'DELETE', path: '/processes/:process', access: 'write' },
  processOutput: { method: 'GET', path: '/processes/:process/output', access: 'read' },
  waitForProcess: { method: 'POST', path: '/processes/:process/wait', access: 'write', body: WaitRequest },
  processStdin: { method: 'POST', path: '/processes/:process/stdin', access: 'write', rawBody: true },
  processSignal: { method: 'POST', path: '/processes/:process/signal', access: 'write', body: SignalRequest },
  terminateProcess: {
    method: 'POST',
    path: '/processes/:process/terminate',
    access: 'write',
    body: TerminateRequest,
  },
  gitClone: { method: 'POST', path: '/git/clone', access: 'write', body: GitCloneRequest },
  listPorts: { method: 'GET', path: '/ports', access: 'read' },
  createTerminal: { method: 'POST', path: '/terminals', access: 'write', body: CreateTerminalRequest },
  listTerminals: { method: 'GET', path: '/terminals', access: 'read' },
  connectTerminal: {
    method: 'GET',
    path: '/terminals/:terminal',
    access: 'write',
    query: ConnectTerminalQuery,
    socket: true,
  },
  getTerminal: { method: 'GET', path: '/terminals/:terminal', access: 'read' },
  deleteTerminal: { method: 'DELETE', path: '/terminals/:terminal', access: 'write' },
  readFile: { method: 'GET', path: '/files', access: 'read', query: ReadFileQuery },
  writeFile: { method: 'PUT', path: '/files', access: 'write', query: WriteFileQuery, bytesBody: true },
  deleteFile: { method: 'DELETE', path: '/files', access: 'write', query: DeleteFileQuery },
  listFiles: { method: 'GET', path: '/files/list', access: 'read', query: ListFilesQuery },
  statFile: { method: 'GET', path: '/files/stat', access: 'read', query: StatQuery },
  fileExists: { method: 'GET', path: '/files/exists', access: 'read', query: PathQuery },
  searchFiles: { method: 'GET', path: '/files/search', access: 'read', query: SearchQuery },
  watchFiles: { method: 'GET', path: '/files/watch', access: 'read', query: WatchQuery },
  packFiles: { method: 'GET', path: '/files/archive', access: 'read', query: ArchiveQuery },
  unpackFiles: {
    method: 'PUT',
    path: '/files/archive',
    access: 'write',
    query: UnpackQuery,
    bytesBody: true,
  },
  makeFolder: {
    method: 'POST',
    path: '/files/mkdir',
    access: 'write',
    query: FilesQuery,
    body: MakeFolderRequest,
  },
  moveFile: {
    method: 'POST',
    path: '/files/move',
    access: 'write',
    query: FilesQuery,
    body: MoveFileRequest,
  },
  copyFile: {
    method: 'POST',
    path: '/files/copy',
    access: 'write',
    query: FilesQuery,
    body: CopyFileRequest,
  },
  replaceInFiles: {
    method: 'POST',
    path: '/files/replace',
    access: 'write',
    query: FilesQuery,
    body: ReplaceRequest,
  },
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;

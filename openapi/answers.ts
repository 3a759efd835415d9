// What the operations do and answer, where the protocol's table says what they take.
import type { ErrorCode, OperationName } from '#protocol';

export interface Answer {
  tag: string;
  summary: string;
  description?: string;
  /** By status: the name of a schema, a type of bytes, or null for nothing. Absent is 200. */
  results: Record<number, Result>;
  /** Parameters of the query that no schema has. */
  parameters?: Record<string, [type: 'integer' | 'string', description: string]>;
  /** Headers of the request. */
  headers?: Record<string, string>;
  errors: ErrorCode[];
}

/** `events`: server-sent events, by name. */
export type Result =
  | null
  | { json: string; events?: Record<string, string> }
  | { events: Record<string, string> }
  | { bytes: string[]; headers?: Record<string, string> };

const COMMAND_EVENTS = {
  start: 'StartData',
  stdout: 'OutputData',
  stderr: 'OutputData',
  exit: 'Exit',
  error: 'ErrorData',
};
const GONE: ErrorCode[] = ['COMMAND_LOST', 'COMMAND_EXPIRED'];
const BYTES = 'application/octet-stream';

const POLL = {
  since: [
    'integer',
    'Seq of the last line that you have: the `nextSeq` of the page before. Default 0, the beginning.',
  ],
  waitMs: [
    'integer',
    'Milliseconds, at most 300,000, to wait where nothing is behind `since` yet. Default 0.',
  ],
  maxBytes: [
    'integer',
    'The page ends before more bytes than that, but holds at least one line. Default 1 MiB.',
  ],
  maxOutputBytes: ['integer', 'The page holds all there is, but of more than that only head and tail.'],
} satisfies Answer['parameters'];

export const ANSWERS: Record<OperationName, Answer> = {
  listSessions: {
    tag: 'Sessions',
    summary: 'All sessions',
    results: { 200: { json: 'SessionList' } },
    errors: [],
  },
  createSession: {
    tag: 'Sessions',
    summary: 'Make a session: a bash of its own',
    results: { 201: { json: 'SessionInfo' } },
    errors: ['CWD_NOT_FOUND', 'SESSION_EXISTS', 'TOO_MANY_SESSIONS'],
  },
  getSession: {
    tag: 'Sessions',
    summary: 'One session',
    results: { 200: { json: 'SessionInfo' } },
    errors: ['SESSION_NOT_FOUND'],
  },
  deleteSession: {
    tag: 'Sessions',
    summary: 'End a session and all that it runs',
    results: { 204: null },
    errors: ['SESSION_NOT_FOUND'],
  },
  exec: {
    tag: 'Commands',
    summary: 'Run a command in a session',
    description:
      'Commands of one session run one at a time, in order of arrival. A non-zero exit code is a result, not an error. ' +
      'With `Accept: text/event-stream` the answer is the stream of events; else JSON, which may begin with blanks ' +
      'that keep the connection alive. If a command that was accepted fails to run after the headers went out, the ' +
      "body is an error's under status 200. With `yieldMs` a command that has not ended by then is answered with 202 and goes on.",
    results: { 200: { json: 'ExecResult', events: COMMAND_EVENTS }, 202: { json: 'YieldedExec' } },
    errors: ['CWD_NOT_FOUND', 'SESSION_NOT_FOUND', 'COMMAND_ID_CONFLICT', ...GONE, 'QUEUE_FULL'],
  },
  interrupt: {
    tag: 'Commands',
    summary: 'Interrupt what runs in a session, as Ctrl-C does',
    results: { 200: { json: 'InterruptResult' } },
    errors: ['SESSION_NOT_FOUND'],
  },
  listCommands: {
    tag: 'Commands',
    summary: 'All commands and processes, newest first, ended ones too',
    results: { 200: { json: 'CommandList' } },
    errors: [],
  },
  getCommand: {
    tag: 'Commands',
    summary: 'One command',
    results: { 200: { json: 'CommandInfo' } },
    errors: ['COMMAND_NOT_FOUND', ...GONE],
  },
  commandEvents: {
    tag: 'Commands',
    summary: 'Replay the events of a command, then follow it',
    description: 'The `id` of an output event is its seq. Who comes back with the last one misses nothing.',
    parameters: {
      after: [
        'integer',
        'Seq of the last event that you have; `Last-Event-ID` says the same. Default 0, the beginning.',
      ],
      by: ['string', '`line`: each line of the log is an event of its own.'],
      raw: ['string', '`true`: values of secrets as they are, not as `***`. Takes a token that may write.'],
    },
    headers: { 'Last-Event-ID': 'As `after`.' },
    results: { 200: { events: COMMAND_EVENTS } },
    errors: ['COMMAND_NOT_FOUND', ...GONE],
  },
  commandPage: {
    tag: 'Commands',
    summary: 'A page of the output of a command',
    parameters: POLL,
    results: { 200: { json: 'OutputPage' } },
    errors: ['COMMAND_NOT_FOUND', ...GONE],
  },
  commandOutput: {
    tag: 'Commands',
    summary: 'The bytes of one stream of a command',
    headers: { Range: 'A range of bytes.' },
    results: { 200: { bytes: [BYTES] }, 206: { bytes: [BYTES] } },
    errors: ['COMMAND_NOT_FOUND', ...GONE, 'RANGE_NOT_SATISFIABLE'],
  },
  commandStdin: {
    tag: 'Commands',
    summary: 'Write to the stdin of a command',
    description: 'The bytes of the body, or JSON where the content type says so.',
    results: { 204: null },
    errors: ['COMMAND_NOT_FOUND', 'STDIN_CLOSED'],
  },
  commandSignal: {
    tag: 'Commands',
    summary: 'Send a signal to a command and all that it started',
    results: { 204: null },
    errors: ['COMMAND_NOT_FOUND'],
  },
  startProcess: {
    tag: 'Processes',
    summary: 'Start a command in the background, in a copy of a session',
    results: { 201: { json: 'ProcessInfo' } },
    errors: ['CWD_NOT_FOUND', 'SESSION_NOT_FOUND', 'COMMAND_ID_CONFLICT', ...GONE, 'TOO_MANY_PROCESSES'],
  },
  listProcesses: {
    tag: 'Processes',
    summary: 'All processes, newest first',
    results: { 200: { json: 'ProcessList' } },
    errors: [],
  },
  getProcess: {
    tag: 'Processes',
    summary: 'One process',
    results: { 200: { json: 'ProcessInfo' } },
    errors: ['PROCESS_NOT_FOUND'],
  },
  deleteProcess: {
    tag: 'Processes',
    summary: 'End a process and forget it',
    results: { 204: null },
    errors: ['PROCESS_NOT_FOUND'],
  },
  processOutput: {
    tag: 'Processes',
    summary: 'A page of the output of a process',
    parameters: POLL,
    results: { 200: { json: 'OutputPage' } },
    errors: ['PROCESS_NOT_FOUND', 'COMMAND_LOST'],
  },
  waitForProcess: {
    tag: 'Processes',
    summary: 'Wait until the output of a process holds something, a port answers, or it has exited',
    description:
      'A wait that takes long has its headers sent early: then the body of an error is under status 200.',
    results: { 200: { json: 'WaitResult' } },
    errors: ['PROCESS_NOT_FOUND', 'PROCESS_EXITED', 'COMMAND_LOST'],
  },
  processStdin: {
    tag: 'Processes',
    summary: 'Write to the stdin of a process',
    description: 'The bytes of the body, or JSON where the content type says so.',
    results: { 204: null },
    errors: ['PROCESS_NOT_FOUND', 'STDIN_CLOSED'],
  },
  processSignal: {
    tag: 'Processes',
    summary: 'Send a signal to a process and all that it started',
    results: { 204: null },
    errors: ['PROCESS_NOT_FOUND'],
  },
  terminateProcess: {
    tag: 'Processes',
    summary: 'End a process and all that it started',
    results: { 200: { json: 'ProcessInfo' } },
    errors: ['PROCESS_NOT_FOUND', 'COMMAND_LOST'],
  },
  listPorts: {
    tag: 'Ports',
    summary: 'What listens in the sandbox',
    results: { 200: { json: 'PortList' } },
    errors: [],
  },
  createTerminal: {
    tag: 'Terminals',
    summary: 'Start a shell or a command on a pseudoterminal',
    results: { 201: { json: 'TerminalInfo' } },
    errors: ['CWD_NOT_FOUND', 'SESSION_NOT_FOUND', 'TERMINAL_EXISTS', 'TOO_MANY_TERMINALS'],
  },
  listTerminals: {
    tag: 'Terminals',
    summary: 'All terminals, newest first',
    results: { 200: { json: 'TerminalList' } },
    errors: [],
  },
  connectTerminal: {
    tag: 'Terminals',
    summary: 'Connect to a terminal by WebSocket, or show it',
    description:
      'With `Upgrade: websocket`: binary messages are the bytes of the terminal, both ways; text messages are JSON ' +
      '(docs/PROTOCOL.md, Terminals). A browser offers the subprotocols `holdfast` and `holdfast.bearer.<token>`. ' +
      'The parameters are those of an upgrade, which takes a token to write. Without one the answer is the terminal.',
    results: { 101: null, 200: { json: 'TerminalInfo' } },
    errors: ['TERMINAL_NOT_FOUND'],
  },
  getTerminal: {
    tag: 'Terminals',
    summary: 'One terminal',
    results: { 200: { json: 'TerminalInfo' } },
    errors: ['TERMINAL_NOT_FOUND'],
  },
  deleteTerminal: {
    tag: 'Terminals',
    summary: 'End a terminal and all that runs in it',
    results: { 204: null },
    errors: ['TERMINAL_NOT_FOUND'],
  },
  gitClone: {
    tag: 'Git',
    summary: 'Clone a repository',
    description:
      'With `Accept: text/event-stream` the answer is a stream of `progress` and at last `done` or `error`; else JSON when ' +
      'it is done. What a clone that does not come to its end has made is removed. Credentials are given to git alone.',
    results: {
      200: {
        json: 'GitCloneResult',
        events: { progress: 'GitProgress', done: 'GitCloneResult', error: 'ErrorData' },
      },
    },
    errors: [
      'CWD_NOT_FOUND',
      'SESSION_NOT_FOUND',
      'FILE_EXISTS',
      'RESOURCE_BUSY',
      'GIT_AUTH_FAILED',
      'GIT_FAILED',
      'GIT_NOT_INSTALLED',
      'GIT_TIMED_OUT',
    ],
  },
  readFile: {
    tag: 'Files',
    summary: 'The bytes of a file',
    headers: { Range: 'A range of bytes.', 'If-Range': 'An ETag: the range holds only for that content.' },
    results: {
      200: { bytes: [BYTES], headers: { ETag: '`"sha256-<hex>"` of the content.' } },
      206: { bytes: [BYTES] },
    },
    errors: ['PERMISSION_DENIED', 'FILE_NOT_FOUND', 'IS_DIRECTORY', 'NOT_A_FILE', 'RANGE_NOT_SATISFIABLE'],
  },
  writeFile: {
    tag: 'Files',
    summary: 'Write a file, whole or not at all',
    headers: {
      'If-Match': 'Writes only over the content with this ETag, or with `*` only over a file that is there.',
      'If-None-Match': '`*` writes only where nothing is.',
    },
    results: { 200: { json: 'WrittenFile' }, 201: { json: 'WrittenFile' } },
    errors: [
      'PERMISSION_DENIED',
      'FILE_NOT_FOUND',
      'IS_DIRECTORY',
      'NOT_A_FILE',
      'FILE_CHANGED',
      'DISK_FULL',
    ],
  },
  deleteFile: {
    tag: 'Files',
    summary: 'Remove a file, a symlink or a folder',
    results: { 204: null },
    errors: ['PERMISSION_DENIED', 'FILE_NOT_FOUND', 'IS_DIRECTORY'],
  },
  listFiles: {
    tag: 'Files',
    summary: 'What is in a folder',
    results: { 200: { json: 'FileList' } },
    errors: ['PERMISSION_DENIED', 'FILE_NOT_FOUND', 'NOT_DIRECTORY'],
  },
  statFile: {
    tag: 'Files',
    summary: 'What a path is',
    results: { 200: { json: 'FileStat' } },
    errors: ['PERMISSION_DENIED', 'FILE_NOT_FOUND'],
  },
  fileExists: {
    tag: 'Files',
    summary: 'Whether there is something at a path',
    results: { 200: { json: 'FileExists' } },
    errors: [],
  },
  searchFiles: {
    tag: 'Files',
    summary: 'Find lines in files',
    results: { 200: { json: 'SearchResult' } },
    errors: ['PERMISSION_DENIED', 'FILE_NOT_FOUND'],
  },
  watchFiles: {
    tag: 'Files',
    summary: 'Watch a folder or a file',
    description:
      'Server-sent events whose data is JSON: `watching`; `create`, `modify`, `delete`, `attrib` with `{type, path, ' +
      'isDirectory, timestamp}`; `move` with `oldPath` too; `overflow` with `missed`; at last `stopped` with `reason`.',
    results: { 200: { events: {} } },
    errors: ['PERMISSION_DENIED', 'FILE_NOT_FOUND'],
  },
  packFiles: {
    tag: 'Files',
    summary: 'A folder as a tar archive',
    results: { 200: { bytes: ['application/x-tar', 'application/gzip'] } },
    errors: ['PERMISSION_DENIED', 'FILE_NOT_FOUND', 'NOT_DIRECTORY'],
  },
  unpackFiles: {
    tag: 'Files',
    summary: 'Unpack a tar archive into a folder',
    description: 'Gzipped or not; all of it, or nothing.',
    results: { 201: { json: 'UnpackedArchive' } },
    errors: ['UNSAFE_ARCHIVE', 'INVALID_ARCHIVE', 'PERMISSION_DENIED', 'FILE_NOT_FOUND', 'DISK_FULL'],
  },
  makeFolder: {
    tag: 'Files',
    summary: 'Make a folder',
    results: { 200: { json: 'PlacedFile' }, 201: { json: 'PlacedFile' } },
    errors: ['PERMISSION_DENIED', 'FILE_NOT_FOUND', 'FILE_EXISTS'],
  },
  moveFile: {
    tag: 'Files',
    summary: 'Move a file or a folder to another path',
    results: { 201: { json: 'PlacedFile' } },
    errors: ['PERMISSION_DENIED', 'FILE_NOT_FOUND', 'FILE_EXISTS'],
  },
  copyFile: {
    tag: 'Files',
    summary: 'Copy a file or a folder',
    results: { 201: { json: 'PlacedFile' } },
    errors: ['PERMISSION_DENIED', 'FILE_NOT_FOUND', 'FILE_EXISTS', 'IS_DIRECTORY', 'DISK_FULL'],
  },
  replaceInFiles: {
    tag: 'Files',
    summary: 'Replace a text in a file, or in all files of a folder',
    results: { 200: { json: 'ReplaceResult' } },
    errors: ['PERMISSION_DENIED', 'FILE_NOT_FOUND', 'COUNT_MISMATCH'],
  },
};

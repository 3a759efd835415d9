// Every limit of the wire in one place, each with its reason.
const KIB = 1024;
const MIB = 1024 * KIB;

export const LIMITS = {
  /** A JSON body: it is held in memory by Worker, Durable Object and engine at once. */
  jsonBodyBytes: 4 * MIB,
  /** A command's text in UTF-8: bash reads it whole before it runs the first line. */
  commandBytes: MIB,
  /** `timeoutMs`: a day; longer ones belong to a process that somebody watches. */
  timeoutMs: 86_400_000,
  /** `disconnectGraceMs`: a day, as for timeouts. */
  disconnectGraceMs: 86_400_000,
  /** How long a command goes on after its last client went away, unless the call says otherwise. */
  defaultDisconnectGraceMs: 30_000,
  /** Sessions of a sandbox that have a shell: each is a bash of about 3.5 MB. The others sleep. */
  sessions: 256,
  /** Sessions of a sandbox in all: one asleep costs a few KiB of memory and its state on disk. */
  knownSessions: 10_000,
  /** Running processes of a sandbox. */
  processes: 256,
  /** Running terminals of a sandbox, and as many that ended: each keeps up to 1 MiB of output. */
  terminals: 64,
  /** Output of a terminal that is kept for viewers who come later or are slow. */
  terminalRingBytes: MIB,
  /** The least `window` of a viewer: some messages must fit. */
  terminalWindowBytes: 64 * KIB,
  /** Columns, and rows, of a terminal. */
  terminalCells: 1_000,
  /** A message of a client over a WebSocket; larger ones close it with 1009. */
  socketMessageBytes: MIB,
  /** Commands that wait in one session's queue. */
  queuedCommands: 128,
  /** Bytes of each stream that a JSON result holds inline; the whole is at `/commands/{id}/output`. */
  inlineOutputBytes: 8 * MIB,
  /** Log on disk of one foreground command; past it the command is stopped. */
  foregroundLogBytes: 256 * MIB,
  /** Log on disk of one process; past it the oldest lines leave. */
  processLogBytes: 64 * MIB,
  /** `waitMs` of an output poll: below what proxies cut. */
  waitMs: 300_000,
  /** A wait for a process, unless the call says otherwise. */
  defaultWaitMs: 30_000,
  /** Characters of what is looked for in output. */
  waitPatternLength: 4_096,
  /** A page of output unless the call says otherwise. */
  pageBytes: MIB,
  /** Between SIGTERM and SIGKILL of `terminate`, unless the call says otherwise. */
  terminateGraceMs: 5_000,
  /** A finished process stays readable so long after its last output, exit or poll. */
  idleMs: 30 * 60_000,
  /** A session idle for so long sleeps: about the pause that a user takes. */
  hibernateMs: 10 * 60_000,
  /** Log kept in memory per running command, so that followers are served without the disk. */
  ringBytes: MIB,
  /** Finished commands whose output and result are kept; the oldest expire first. */
  finishedCommands: 1_000,
  /** Log bytes on disk of all finished commands together; the oldest expire first. */
  finishedLogBytes: 1024 * MIB,
  /** Ids of expired commands that are remembered, so that none of them runs a second time. */
  expiredIds: 100_000,
  /** A saved shell state; past it its largest variables are left out. */
  checkpointBytes: MIB,
  /** Silence after which a comment (SSE) or a blank (JSON) is sent, so that proxies keep the connection. */
  heartbeatMs: 15_000,
  /** A path, without the NUL that ends it: PATH_MAX of Linux. */
  pathBytes: 4_095,
  /** Globs of one call, and characters of each. */
  globs: 64,
  globLength: 1_024,
  /** Entries of a page of files. */
  listedFiles: 10_000,
  /** Entries of a page of files, unless the call says otherwise. */
  defaultListedFiles: 1_000,
  /** Characters of what is looked for in files. */
  searchPatternLength: 4_096,
  /** Matching lines in one answer. */
  searchMatches: 10_000,
  /** Matching lines in one answer, unless the call says otherwise. */
  defaultSearchMatches: 1_000,
  /** A file up to this size is read at once, so that its hash costs nothing more. */
  hashedFileBytes: MIB,
  /** A file in which text is replaced: it is held in memory. */
  replacedFileBytes: 64 * MIB,
  /** Watches of a sandbox: each takes one of the 128 inotify queues that Linux gives a user. */
  fileWatches: 64,
  /** Changes that wait for a slow reader of a watch; past it they are counted, and told as missed. */
  waitingChanges: 20_000,
  /** Secrets of a sandbox, and of a session. */
  secrets: 64,
  /** A shorter secret could not be told from other text; the kernel takes 128 KiB for one variable. */
  secretBytes: { min: 6, max: 32 * KIB },
  /** Clones under way in a sandbox: each is several processes that compress. */
  gitClones: 16,
  /** Commits of a shallow clone: what git counts in. */
  gitDepth: 2 ** 31 - 1,
  /** Characters of a branch's or tag's name: what a file system takes, with room for its folder. */
  gitNameLength: 240,
  /** Characters of a user name, password or token: tokens of large hosts have up to some thousand. */
  gitCredentialLength: 8_192,
  /** Headers of a request to, or an answer of, a server in the sandbox: cookies of browsers grow. */
  portHeaderBytes: 64 * KIB,
  /** Previews of a sandbox; each is a row that every one of its requests looks at. */
  previews: 64,
  /** Lifetime of a preview that has an end: a year at most. */
  previewSeconds: 365 * 86_400,
  /** Lifetime of a scoped token: 30 days at most. */
  tokenSeconds: 30 * 86_400,
} as const;

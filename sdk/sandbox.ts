// A sandbox as its user holds it: its sessions and its commands, over any transport.
import type { Connection } from './connection/connection.ts';
import type { ExecOptions, Outcome, ResultOptions, YieldingOptions } from './exec-options.ts';
import { Files } from './files.ts';
import { type GitCloneOptions, gitClone } from './git-clone.ts';
import { outputPage, type PageOptions } from './output-page.ts';
import { path } from './path.ts';
import { fetchPort, wsConnect } from './port-requests.ts';
import { Process } from './process.ts';
import {
  type CommandEvent,
  type CommandInfo,
  type CreateSessionRequest,
  DEFAULT_SESSION,
  type ExecResult,
  type GitCloneResult,
  type InterruptResult,
  type ListeningPort,
  type OutputPage,
  type ProcessInfo,
  type SessionInfo,
} from './protocol/index.ts';
import { Session } from './session.ts';
import { type StartProcessOptions, startProcess } from './start-process.ts';
import { commandEvents } from './stream/command-events.ts';
import { Terminals } from './terminals.ts';

/**
 * One sandbox. A handle costs nothing and wakes nothing; the first call that needs the container
 * starts it. The session `default` is always there, and `exec` on the sandbox runs in it.
 *
 * @example
 * await sandbox.exec('export NAME=world');
 * (await sandbox.exec('echo hello $NAME')).stdout; // 'hello world\n'
 */
export class Sandbox extends Files {
  readonly id: string;
  /** Its terminals: shells to type into. */
  readonly terminals: Terminals;

  /** Use `holdfast.sandbox(id)`, `getSandbox` or `connectEngine`. */
  constructor(connection: Connection, id: string) {
    super(connection);
    this.id = id;
    this.terminals = new Terminals(connection);
  }

  /**
   * The same sandbox, each of whose calls ends with that signal: it throws the signal's reason, a stream ends, and a command
   * that runs is interrupted after its `disconnectGraceMs`, as with the `signal` of one call.
   *
   * @example
   * const { sessions } = await sandbox.withSignal(AbortSignal.timeout(5_000)).info();
   */
  withSignal(signal: AbortSignal): this {
    const Handle = this.constructor as new (connection: Connection, id: string) => this;
    return new Handle(this.connection.withSignal(signal), this.id);
  }

  /**
   * A session by its id, whether or not it exists yet: it must be made with `createSession`, except
   * for `default`.
   *
   * @example
   * const build = sandbox.session('build');
   */
  session(id: string): Session {
    return new Session(this.connection, id);
  }

  /**
   * Runs a command in the session `default`; see `Session.exec`.
   *
   * @example
   * const { stdout } = await sandbox.exec('uname -a');
   */
  exec(command: string, options: YieldingOptions): Promise<Outcome>;
  exec(command: string, options?: ResultOptions): Promise<ExecResult>;
  exec(command: string, options?: ResultOptions | YieldingOptions): Promise<ExecResult | Outcome> {
    return this.session(DEFAULT_SESSION).exec(command, options);
  }

  /**
   * Streams a command of the session `default`; see `Session.execStream`.
   *
   * @example
   * for await (const event of sandbox.execStream('make')) console.log(event);
   */
  execStream(command: string, options?: ExecOptions): AsyncGenerator<CommandEvent, void, undefined> {
    return this.session(DEFAULT_SESSION).execStream(command, options);
  }

  /**
   * Interrupts what runs in the session `default`; see `Session.interrupt`.
   *
   * @example
   * await sandbox.interrupt();
   */
  interrupt(): Promise<InterruptResult> {
    return this.session(DEFAULT_SESSION).interrupt();
  }

  /**
   * Makes a session: a bash of its own. An id is made if absent, and the call is then repeated after
   * a cut; with an id of yours it is not, for a session of that id could be another's.
   *
   * Throws `SESSION_EXISTS`, `CWD_NOT_FOUND`, `TOO_MANY_SESSIONS`.
   *
   * @example
   * const build = await sandbox.createSession({ id: 'build', cwd: '/app', env: { CI: '1' } });
   * await build.exec('make');
   */
  async createSession(options: CreateSessionRequest = {}): Promise<Session> {
    const { id = crypto.randomUUID() } = options;
    const ours = options.id === undefined;
    await this.connection.json({
      method: 'POST',
      path: '/sessions',
      json: { ...options, id },
      ...(ours ? { repeat: 'always', doneBefore: 'SESSION_EXISTS' } : { repeat: 'unstarted' }),
    });
    return this.session(id);
  }

  /**
   * All sessions of the sandbox.
   *
   * @example
   * const busy = (await sandbox.listSessions()).filter((session) => session.runningCommand);
   */
  async listSessions(): Promise<SessionInfo[]> {
    const { sessions } = await this.#get<{ sessions: SessionInfo[] }>('/sessions');
    return sessions;
  }

  /**
   * One session: its cwd, what runs in it and how many commands wait. Throws `SESSION_NOT_FOUND`.
   *
   * @example
   * const { cwd, runningCommand } = await sandbox.getSession('build');
   */
  async getSession(id: string): Promise<SessionInfo> {
    return this.#get(path`/sessions/${id}`);
  }

  /**
   * Ends a session and all that it runs. Throws `SESSION_NOT_FOUND`.
   *
   * @example
   * await sandbox.deleteSession('build');
   */
  async deleteSession(id: string): Promise<void> {
    await this.connection.json({
      method: 'DELETE',
      path: path`/sessions/${id}`,
      repeat: 'always',
      doneBefore: 'SESSION_NOT_FOUND',
    });
  }

  /**
   * The commands of all sessions, newest first, ended ones too.
   *
   * @example
   * const failed = (await sandbox.listCommands()).filter((command) => command.exitCode);
   */
  async listCommands(): Promise<CommandInfo[]> {
    const { commands } = await this.#get<{ commands: CommandInfo[] }>('/commands');
    return commands;
  }

  /**
   * One command: its state, exit and byte counts. Throws `COMMAND_NOT_FOUND`, `COMMAND_EXPIRED`,
   * `COMMAND_LOST`.
   *
   * @example
   * const { state, exitCode } = await sandbox.getCommand('deploy-42');
   */
  async getCommand(id: string): Promise<CommandInfo> {
    return this.#get(path`/commands/${id}`);
  }

  /**
   * The events of a command that runs or ran, wherever it was started: those behind `after` (the seq
   * of the last one you have; default 0, the beginning), then live up to the last. Resumes by itself
   * as `execStream` does.
   *
   * Throws `COMMAND_NOT_FOUND`, `COMMAND_EXPIRED`, `COMMAND_LOST`.
   *
   * @example
   * for await (const event of sandbox.commandEvents('deploy-42')) console.log(event);
   */
  commandEvents(
    id: string,
    { after = 0, signal }: { after?: number; signal?: AbortSignal } = {},
  ): AsyncGenerator<CommandEvent, void, undefined> {
    return commandEvents(this.connection, id, { after, signal });
  }

  /**
   * The whole of one stream of a command as raw bytes, also what a result had to leave out. A cut
   * makes the reader fail; it is not resumed. With `raw` secrets are left as they are, which takes access to write.
   *
   * Throws `COMMAND_NOT_FOUND`, `COMMAND_EXPIRED`.
   *
   * @example
   * const bytes = await sandbox.commandOutput(result.id, 'stdout');
   * const text = await new Response(bytes).text();
   */
  async commandOutput(
    id: string,
    stream: 'stdout' | 'stderr',
    { raw = false }: { raw?: boolean } = {},
  ): Promise<ReadableStream<Uint8Array>> {
    const at = path`/commands/${id}/output/${stream}` + (raw ? '?raw=true' : '');
    return this.connection.body({ method: 'GET', path: at, repeat: 'always' }, 'application/octet-stream');
  }

  /**
   * A page of a command's output; what to read after an `exec` with `yieldMs` went on without you. With
   * `waitMs` it waits for output behind `since` or the exit. Give `nextSeq` as `since` next time, until
   * `alive` is false.
   *
   * Throws `COMMAND_NOT_FOUND`, `COMMAND_EXPIRED`, `COMMAND_LOST`.
   *
   * @example
   * const run = await sandbox.exec('npm test', { yieldMs: 5_000 });
   * if (run.yielded) console.log(await sandbox.commandPage(run.id, { since: run.nextSeq, waitMs: 10_000 }));
   */
  commandPage(id: string, options: PageOptions = {}): Promise<OutputPage> {
    return outputPage(this.connection, path`/commands/${id}/output`, options);
  }

  /**
   * Starts a process: a command in the background, in a copy of a session's shell. It begins with that
   * session's variables, functions and cwd and changes none of them. Never waits for a busy session.
   *
   * Throws `CWD_NOT_FOUND`, `SESSION_NOT_FOUND`, `TOO_MANY_PROCESSES`, `COMMAND_ID_CONFLICT`.
   *
   * @example
   * const server = await sandbox.startProcess('npm run dev', { id: 'dev', cwd: '/app' });
   * await server.waitForPort(5173, { timeoutMs: 60_000 });
   */
  startProcess(command: string, options: StartProcessOptions = {}): Promise<Process> {
    return startProcess(this.connection, command, options);
  }

  /**
   * The processes of all sessions, newest first, with those that ended and are still readable.
   *
   * @example
   * const running = (await sandbox.listProcesses()).filter(({ state }) => state === 'running');
   */
  async listProcesses(): Promise<ProcessInfo[]> {
    const { processes } = await this.#get<{ processes: ProcessInfo[] }>('/processes');
    return processes;
  }

  /**
   * A process that was started before, also by another client. Throws `PROCESS_NOT_FOUND`.
   *
   * @example
   * const server = await sandbox.getProcess('dev');
   * const { state } = await server.info();
   */
  async getProcess(id: string): Promise<Process> {
    return this.processOf(await this.#get<ProcessInfo>(path`/processes/${id}`));
  }

  /**
   * The handle of a process that is known already, one of `listProcesses` for example; it asks nobody.
   *
   * @example
   * for (const info of await sandbox.listProcesses()) await sandbox.processOf(info).kill();
   */
  processOf(info: Pick<ProcessInfo, 'id' | 'pid'>): Process {
    return new Process(this.connection, info);
  }

  /**
   * What listens in the sandbox, each with its process and, where known, the command and session that started it.
   *
   * @example
   * const { port } = (await sandbox.ports()).find(({ commandId }) => commandId === server.id)!;
   */
  async ports(): Promise<ListeningPort[]> {
    return (await this.#get<{ ports: ListeningPort[] }>('/ports')).ports;
  }

  /**
   * Sends a request to a server in the sandbox and gives its answer as it is: redirects are not followed, errors of
   * the server are answers. Path, query, method, headers and body are the request's; its host is not used. An answer
   * with the header `x-holdfast-error` is Holdfast's own: nothing listens there (`PORT_NOT_LISTENING`), for example.
   * Cookies go along inside the Worker only (`getSandbox`).
   *
   * @example
   * const answer = await sandbox.fetchPort(new Request('http://app/users?page=2'), 3000);
   */
  fetchPort(request: Request, port: number): Promise<Response> {
    return fetchPort(this.connection, request, port);
  }

  /**
   * Passes a client's WebSocket on to a server in the sandbox. Only inside a Worker, where an answer can carry a socket;
   * elsewhere connect to the URL of `exposePort`.
   *
   * @example
   * if (request.headers.get('upgrade') === 'websocket') return sandbox.wsConnect(request, 8080);
   */
  wsConnect(request: Request, port: number): Promise<Response> {
    return wsConnect(this.connection, request, port);
  }

  /**
   * Clones a repository and resolves to where it is, its commit and its branch. Nothing waits for it, and it waits for
   * no command. Credentials are given to git alone, and kept nowhere. What fails or is aborted leaves nothing behind.
   *
   * Throws `GIT_AUTH_FAILED`, `GIT_FAILED` (with git's words), `GIT_TIMED_OUT`, `FILE_EXISTS`.
   *
   * @example
   * const { dir } = await sandbox.gitClone('https://github.com/octocat/Hello-World', {
   *   depth: 1,
   *   auth: { token: env.GITHUB_TOKEN },
   *   onProgress: ({ phase, percent }) => console.log(phase, percent),
   * });
   */
  gitClone(url: string, options: GitCloneOptions = {}): Promise<GitCloneResult> {
    return gitClone(this.connection, url, options);
  }

  #get<T>(at: string): Promise<T> {
    return this.connection.json({ method: 'GET', path: at, repeat: 'always' });
  }
}

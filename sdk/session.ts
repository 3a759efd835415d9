// A session as its user holds it: commands run in its shell, and what controls them.
import type { Connection } from './connection/connection.ts';
import {
  type ExecOptions,
  execRequest,
  type Outcome,
  outcome,
  type ResultOptions,
  type YieldingOptions,
} from './exec-options.ts';
import { Files } from './files.ts';
import { type GitCloneOptions, gitClone } from './git-clone.ts';
import { path } from './path.ts';
import type { Process } from './process.ts';
import type {
  CommandEvent,
  ExecResult,
  GitCloneResult,
  InterruptResult,
  YieldedExec,
} from './protocol/index.ts';
import { type StartProcessOptions, startProcess } from './start-process.ts';
import { eventsPath } from './stream/command-events.ts';
import { followCommand } from './stream/follow-command.ts';
import { writeStdin } from './write-stdin.ts';

/**
 * One persistent bash of a sandbox: its cwd, variables and functions stay from command to command.
 * Commands of one session run one at a time, in order of arrival. A handle costs nothing and talks
 * to nobody until a method is called.
 *
 * Every method throws a `HoldfastError`; branch on its `code`. Failures of the connection are
 * repeated where that cannot do harm and only then thrown, as `CONNECTION_FAILED`.
 *
 * @example
 * const session = sandbox.session('default');
 * await session.exec('cd /app && npm ci');
 * const { exitCode, stdout } = await session.exec('npm test'); // still in /app
 */
export class Session extends Files {
  readonly id: string;
  readonly #connection: Connection;

  /** Use `sandbox.session(id)`. */
  constructor(connection: Connection, id: string) {
    super(connection, id);
    this.#connection = connection;
    this.id = id;
  }

  /**
   * The same session, each of whose calls ends with that signal: it throws the signal's reason, a stream ends, and a command
   * that runs is interrupted after its `disconnectGraceMs`, as with the `signal` of one call.
   *
   * @example
   * await session.withSignal(request.signal).writeStdin('count', 'one\n');
   */
  withSignal(signal: AbortSignal): this {
    const Handle = this.constructor as new (connection: Connection, id: string) => this;
    return new Handle(this.#connection.withSignal(signal), this.id);
  }

  /**
   * Runs a command and waits for its end. A non-zero exit code is a result, not an error.
   *
   * Up to 8 MiB of each stream is in the result; past that `truncated` is true and the whole is at
   * `sandbox.commandOutput(id, 'stdout')`. Bytes that are not UTF-8 are in `stdoutBase64`.
   *
   * Throws `SESSION_NOT_FOUND`, `CWD_NOT_FOUND`, `QUEUE_FULL`, `COMMAND_ID_CONFLICT`, `COMMAND_LOST`,
   * `CONTAINER_UNAVAILABLE`, and the signal's reason once it is aborted.
   *
   * @example
   * const result = await session.exec('grep -c TODO *.ts', { cwd: '/app', timeoutMs: 10_000 });
   * if (result.exitCode !== 0) console.error(result.stderr);
   *
   * With `yieldMs` it waits no longer than that: `yielded` tells whether the command has ended or goes on
   * in the foreground of its session, and then nobody's leaving ends it.
   *
   * @example
   * const run = await session.exec('npm test', { yieldMs: 5_000 });
   * if (run.yielded) await sandbox.commandPage(run.id, { since: run.nextSeq, waitMs: 30_000 });
   * else console.log(run.exitCode);
   */
  exec(command: string, options: YieldingOptions): Promise<Outcome>;
  exec(command: string, options?: ResultOptions): Promise<ExecResult>;
  async exec(command: string, options: ResultOptions | YieldingOptions = {}): Promise<ExecResult | Outcome> {
    const result = await this.#connection.json<ExecResult | YieldedExec>({
      method: 'POST',
      path: path`/sessions/${this.id}/exec`,
      json: execRequest(command, options),
      // It has an id, so it runs once however often it arrives.
      repeat: 'always',
      signal: options.signal,
    });
    return 'yieldMs' in options && options.yieldMs !== undefined ? outcome(result) : (result as ExecResult);
  }

  /**
   * Runs a command and yields its events while it runs: `start`, then `stdout` and `stderr`, then one
   * `exit`, or one `error` where the command never ran or its fate is unknown. A stream that is cut
   * is resumed behind the last event: none is lost and none comes twice. The request goes out with
   * the first step of the iteration, and leaving the loop leaves the command.
   *
   * Throws as `exec` does, and `CONNECTION_FAILED` when tries in a row got nowhere.
   *
   * @example
   * for await (const event of session.execStream('npm test')) {
   *   if (event.type === 'stdout' && 'data' in event) console.log(event.data);
   *   if (event.type === 'exit') console.log('exit code', event.exitCode);
   * }
   */
  execStream(command: string, options: ExecOptions = {}): AsyncGenerator<CommandEvent, void, undefined> {
    const { signal } = options;
    const json = execRequest(command, options);
    return followCommand(this.#connection, {
      begin: { method: 'POST', path: path`/sessions/${this.id}/exec`, json, repeat: 'always', signal },
      resume: (after) => ({
        method: 'GET',
        path: eventsPath(json.id, after),
        repeat: 'always',
        signal,
      }),
      after: 0,
      signal,
    });
  }

  /**
   * Interrupts the running command, as Ctrl-C does: it ends with exit code 130, the session and its
   * state live on. `commandId` is null when nothing ran. Never repeated by itself, for the next
   * command must not be hit.
   *
   * @example
   * const { commandId } = await session.interrupt();
   */
  async interrupt(): Promise<InterruptResult> {
    const at = path`/sessions/${this.id}/interrupt`;
    return this.#connection.json({ method: 'POST', path: at, repeat: 'never' });
  }

  /**
   * Writes to the stdin of a command that was started with `stdinOpen: true`; `eof` closes it after
   * the data. Never repeated by itself: after `CONNECTION_FAILED` it is unknown what was written.
   *
   * Throws `STDIN_CLOSED` when the command ended or its stdin was not open, `COMMAND_NOT_FOUND`.
   *
   * @example
   * const running = session.exec('wc -l', { id: 'count', stdinOpen: true });
   * await session.writeStdin('count', 'one\ntwo\n', { eof: true });
   * (await running).stdout; // '2\n'
   */
  async writeStdin(commandId: string, data: string | Uint8Array, { eof = false } = {}): Promise<void> {
    await writeStdin(this.#connection, path`/commands/${commandId}/stdin`, data, eof);
  }

  /**
   * Sends a signal, by name or number, to a command and all that it started. Never repeated by itself.
   *
   * Throws `COMMAND_NOT_FOUND`.
   *
   * @example
   * await session.signal('server-1', 'HUP');
   */
  async signal(commandId: string, signal: string | number): Promise<void> {
    const at = path`/commands/${commandId}/signal`;
    await this.#connection.json({ method: 'POST', path: at, json: { signal }, repeat: 'never' });
  }

  /**
   * Starts a process in a copy of this session's shell; see `Sandbox.startProcess`.
   *
   * @example
   * const python = await session.startProcess('python3 -i', { stdinOpen: true });
   * await python.waitForOutput('>>> ');
   */
  startProcess(command: string, options: Omit<StartProcessOptions, 'session'> = {}): Promise<Process> {
    return startProcess(this.#connection, command, { ...options, session: this.id });
  }

  /**
   * Clones a repository; a relative `dir`, and the default one, start from this session's cwd. See `Sandbox.gitClone`.
   *
   * @example
   * await session.gitClone('https://github.com/octocat/Hello-World', { depth: 1 });
   */
  gitClone(url: string, options: GitCloneOptions = {}): Promise<GitCloneResult> {
    return gitClone(this.#connection, url, { sessionId: this.id, ...options });
  }
}

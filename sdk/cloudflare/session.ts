// The calls that `@cloudflare/sandbox` has on a sandbox and on a session alike, over our own sandbox.
import type { DurableSandbox } from '../durable-sandbox.ts';
import type * as Files from '../files-options.ts';
import { errorCode, HoldfastError, type ProcessInfo } from '../protocol/index.ts';
import { execEvents, logEvents, outputText } from './exec-events.ts';
import type { StreamOptions } from './exec-options.ts';
import { definedEnv, type ExecOptions, type ExecResult, execOptions, execResult } from './exec-options.ts';
import { watchEvents } from './file-events.ts';
import { fileStreamEvents } from './file-stream.ts';
import { type GitCheckoutOptions, type GitCheckoutResult, gitCheckout } from './git-checkout.ts';
import { Process, type ProcessOptions } from './process.ts';
import { exportText } from './set-env-vars.ts';
import { asyncIterableToSSEStream } from './sse.ts';

/** The size of a new terminal, and what runs in it in the place of bash. */
export interface PtyOptions {
  cols?: number;
  rows?: number;
  shell?: string;
}

interface Cancellable {
  signal?: AbortSignal;
}

/**
 * One session, as `createSession` and `getSession` give it. Every call that takes options takes a `signal` with them;
 * for the others see `holdfast.withSignal`.
 *
 * @example
 * const build = await sandbox.createSession({ id: 'build', cwd: '/app' });
 * const { success, stdout } = await build.exec('npm test');
 */
export class ExecutionSession {
  readonly id: string;
  /** The sandbox with all that it can beyond these names. */
  readonly holdfast: DurableSandbox;
  readonly #timeout: number | undefined;

  /** `timeout` is for commands that name none. */
  constructor(holdfast: DurableSandbox, id: string, timeout?: number) {
    this.holdfast = holdfast;
    this.id = id;
    this.#timeout = timeout;
  }

  /** Runs a command in the session's shell. A non-zero exit code is a result. */
  async exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    const { onOutput, onComplete, onError } = options;
    const session = this.holdfast.session(this.id);
    const ours = execOptions({ timeout: this.#timeout, ...options });
    try {
      if (onOutput) {
        for await (const event of session.execStream(command, ours)) {
          if ('seq' in event) onOutput(event.type, outputText(event).data);
        }
      }
      // After a stream this is the same command: it has its id.
      const result = execResult(await session.exec(command, ours));
      onComplete?.(result);
      return result;
    } catch (error) {
      onError?.(error as Error);
      throw error;
    }
  }

  /**
   * Server-sent events, for `parseSSEStream`. Resolves once the command has begun. Leaving the stream ends the
   * command, a second later.
   */
  async execStream(command: string, options: StreamOptions = {}): Promise<ReadableStream<Uint8Array>> {
    const { signal, leave } = leavable(options.signal);
    const ours = execOptions({ timeout: this.#timeout, ...options, signal });
    const session = this.holdfast.session(options.sessionId ?? this.id);
    const events = await begun(session.execStream(command, ours));
    return asyncIterableToSSEStream(execEvents(command, events), {}, leave);
  }

  /** Starts a command in the background, in a copy of the session's shell. */
  async startProcess(command: string, options: ProcessOptions = {}, sessionId?: string): Promise<Process> {
    const { processId, env, cwd, timeout, onStart, onOutput, onExit, onError } = options;
    const process = await this.holdfast.startProcess(command, {
      session: options.sessionId ?? sessionId ?? this.id,
      ...(processId === undefined ? {} : { id: processId }),
      ...(env === undefined ? {} : { env: definedEnv(env) }),
      ...(cwd === undefined ? {} : { cwd }),
      ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    });
    const started = this.#process(await process.info());
    onStart?.(started);
    if (onOutput || onExit || onError) void this.#report(started.id, options);
    return started;
  }

  /** The processes of all sessions. */
  async listProcesses(): Promise<Process[]> {
    return (await this.holdfast.listProcesses()).map((info) => this.#process(info));
  }

  /** Null where there is none of that id. */
  async getProcess(id: string): Promise<Process | null> {
    try {
      return this.#process(await (await this.holdfast.getProcess(id)).info());
    } catch (error) {
      if (errorCode(error) === 'PROCESS_NOT_FOUND') return null;
      throw error;
    }
  }

  /** Ends a process and all that it started; with a signal, sends just that. */
  async killProcess(id: string, signal?: string): Promise<void> {
    const process = await this.holdfast.getProcess(id);
    if (signal === undefined) await process.kill();
    else await process.signal(signal);
  }

  /** Ends all processes of the sandbox, and says how many ran. */
  async killAllProcesses(): Promise<number> {
    const running = (await this.holdfast.listProcesses()).filter(({ state }) => state === 'running');
    await Promise.all(running.map(({ id }) => this.killProcess(id)));
    return running.length;
  }

  /** Forgets the processes that have ended, and says how many that were. */
  async cleanupCompletedProcesses(): Promise<number> {
    const ended = (await this.holdfast.listProcesses()).filter(({ state }) => state !== 'running');
    await Promise.all(ended.map(async ({ id }) => (await this.holdfast.getProcess(id)).delete()));
    return ended.length;
  }

  /** All output that is kept of a process. */
  async getProcessLogs(id: string): Promise<{ stdout: string; stderr: string; processId: string }> {
    const text = async (stream: 'stdout' | 'stderr') =>
      new Response(await this.holdfast.commandOutput(id, stream)).text();
    const [stdout, stderr] = await Promise.all([text('stdout'), text('stderr')]);
    return { stdout, stderr, processId: id };
  }

  /** Server-sent events, for `parseSSEStream`: the output so far, and what comes, up to the exit. */
  async streamProcessLogs(id: string, options: Cancellable = {}): Promise<ReadableStream<Uint8Array>> {
    const { signal, leave } = leavable(options.signal);
    const events = await begun((await this.holdfast.getProcess(id)).stream({ signal }));
    return asyncIterableToSSEStream(logEvents(id, events), {}, leave);
  }

  async writeFile(
    path: string,
    content: string | Uint8Array | ReadableStream<Uint8Array>,
    options: Files.WriteFileOptions = {},
  ): Promise<Files.WriteFileResult> {
    return this.holdfast.writeFile(path, content, this.#here(options));
  }

  readFile(
    path: string,
    options: Files.FileOptions & { encoding: 'none' },
  ): Promise<Files.ReadFileStreamResult>;
  readFile(path: string, options?: Files.ReadFileOptions): Promise<Files.ReadFileResult>;
  readFile(
    path: string,
    options: Files.FileOptions & { encoding?: Files.ReadFileOptions['encoding'] | 'none' } = {},
  ): Promise<Files.ReadFileResult | Files.ReadFileStreamResult> {
    return this.holdfast.readFile(path, this.#here(options as Files.ReadFileOptions));
  }

  /** Server-sent events, for `streamFile` and `collectFile`. Plain bytes are `readFile` with encoding `'none'`. */
  async readFileStream(path: string, options: Files.FileOptions = {}): Promise<ReadableStream<Uint8Array>> {
    const { signal, leave } = leavable(options.signal);
    const { content, size } = await this.holdfast.readFile(path, {
      ...this.#here({ ...options, signal }),
      encoding: 'none',
    });
    return asyncIterableToSSEStream(fileStreamEvents(content, size), {}, leave);
  }

  mkdir(path: string, options: Files.FileOptions & { recursive?: boolean } = {}): Promise<Files.MkdirResult> {
    return this.holdfast.mkdir(path, this.#here(options));
  }

  deleteFile(path: string, options: Files.FileOptions & { recursive?: boolean } = {}): Promise<Files.Done> {
    return this.holdfast.deleteFile(path, this.#here(options));
  }

  renameFile(
    oldPath: string,
    newPath: string,
    options: Files.PlaceOptions = {},
  ): Promise<Files.MoveFileResult> {
    return this.holdfast.renameFile(oldPath, newPath, this.#here(options));
  }

  moveFile(from: string, to: string, options: Files.PlaceOptions = {}): Promise<Files.MoveFileResult> {
    return this.holdfast.moveFile(from, to, this.#here(options));
  }

  listFiles(path: string, options: Files.ListFilesOptions = {}): Promise<Files.ListFilesResult> {
    return this.holdfast.listFiles(path, this.#here(options));
  }

  /** The second argument may be the id of a session, from whose cwd the path starts. */
  exists(path: string, options: Files.FileOptions | string = {}): Promise<Files.FileExistsResult> {
    const given = typeof options === 'string' ? { sessionId: options } : options;
    return this.holdfast.exists(path, this.#here(given));
  }

  /** Server-sent events, for `parseSSEStream`. Resolves once the folder is watched. */
  async watch(path: string, options: Files.WatchOptions = {}): Promise<ReadableStream<Uint8Array>> {
    const { signal, leave } = leavable(options.signal);
    const changes = await this.holdfast.watch(path, this.#here({ ...options, signal }));
    return asyncIterableToSSEStream(watchEvents(path, changes), {}, leave);
  }

  /** Clones a repository. Throws with what git said where it failed. */
  gitCheckout(repoUrl: string, options: GitCheckoutOptions = {}): Promise<GitCheckoutResult> {
    return gitCheckout(this.holdfast, repoUrl, this.#here(options));
  }

  /** Exports variables in the session's shell; undefined removes one. Waits for its turn as a command does. */
  async setEnvVars(vars: Record<string, string | undefined>): Promise<void> {
    const { exitCode, stderr } = await this.holdfast.session(this.id).exec(exportText(vars));
    if (exitCode === 0) return;
    throw new HoldfastError('INVALID_REQUEST', `the variables were not all set: ${stderr.trim()}`);
  }

  /** Connects a browser's WebSocket to the session's terminal, which is made where there is none. */
  terminal(request: Request, options: PtyOptions = {}): Promise<Response> {
    return this.holdfast.terminals.upgrade(request, { ...options, session: this.id });
  }

  #here<T extends { sessionId?: string }>(options: T): T {
    return { ...options, sessionId: options.sessionId ?? this.id };
  }

  #process(info: ProcessInfo): Process {
    return new Process(this.holdfast.processOf(info), info, this);
  }

  async #report(id: string, { onOutput, onExit, onError }: ProcessOptions): Promise<void> {
    try {
      const process = await this.holdfast.getProcess(id);
      for await (const event of process.stream()) {
        if ('seq' in event) onOutput?.(event.type, outputText(event).data);
        else if (event.type === 'exit') onExit?.(event.exitCode);
        else if (event.type === 'error') throw new HoldfastError(event.code, event.message);
      }
    } catch (error) {
      // Nobody waits for this.
      if (onError) onError(error as Error);
      else console.error(error);
    }
  }
}

/** A signal that also leaving ends, whatever is being waited for at that moment. */
function leavable(signal: AbortSignal | undefined) {
  const leaving = new AbortController();
  return {
    signal: signal ? AbortSignal.any([signal, leaving.signal]) : leaving.signal,
    leave: (reason: unknown) => leaving.abort(reason),
  };
}

/** The events once the first one has come; what refuses the command is thrown here, not out of the stream. */
async function begun<T>(events: AsyncGenerator<T, void, undefined>): Promise<AsyncIterable<T>> {
  const first = await events.next();
  return (async function* () {
    try {
      if (!first.done) yield first.value;
      yield* events;
    } finally {
      await events.return();
    }
  })();
}

// A process as its user holds it: its output, its input, its end, and waiting for it.
import type { Connection } from './connection/connection.ts';
import { outputPage, type PageOptions } from './output-page.ts';
import { path } from './path.ts';
import type { CommandEvent, OutputMatch, OutputPage, ProcessInfo } from './protocol/index.ts';
import { commandEvents } from './stream/command-events.ts';
import { waitFor } from './wait.ts';
import { writeStdin } from './write-stdin.ts';

/** How long a wait may take. Neither of them touches the process. */
export interface WaitOptions {
  /** Milliseconds until the wait throws `WAIT_TIMEOUT`; none if absent: it then lasts as long as the process. */
  timeoutMs?: number;
  /** The wait throws its reason once it is aborted. */
  signal?: AbortSignal;
}

/** What counts as an answer of a port. */
export interface PortOptions extends WaitOptions {
  /** `tcp`: a connection is accepted; `http`: a GET is answered with an accepted status. Default `tcp`. */
  mode?: 'tcp' | 'http';
  /** With `http`: what is asked for. Default `/`. */
  path?: string;
  /** With `http`: the accepted status or statuses. Default 200 to 399. */
  status?: number | number[];
}

/**
 * A command that runs in the background. The handle can be thrown away: the process goes on without a
 * client, and `sandbox.getProcess(id)` finds it again, until half an hour after its end.
 *
 * Every method throws `PROCESS_NOT_FOUND` once the process is no longer known, and `COMMAND_LOST` when it
 * went with its container.
 *
 * @example
 * const server = await sandbox.startProcess('python3 -m http.server 8000');
 * await server.waitForPort(8000, { mode: 'http', timeoutMs: 10_000 });
 * await sandbox.exec('curl -s localhost:8000');
 * await server.kill();
 */
export class Process {
  readonly id: string;
  /** Of its shell; null for a process that was lost. */
  readonly pid: number | null;
  readonly #connection: Connection;

  /** Use `startProcess` or `getProcess`. */
  constructor(connection: Connection, { id, pid }: Pick<ProcessInfo, 'id' | 'pid'>) {
    this.#connection = connection;
    this.id = id;
    this.pid = pid;
  }

  /**
   * The same process, each of whose calls ends with that signal: it throws the signal's reason or a stream ends, and the
   * process goes on.
   *
   * @example
   * const { state } = await server.withSignal(request.signal).info();
   */
  withSignal(signal: AbortSignal): this {
    const Handle = this.constructor as new (
      connection: Connection,
      info: Pick<ProcessInfo, 'id' | 'pid'>,
    ) => this;
    return new Handle(this.#connection.withSignal(signal), this);
  }

  /**
   * State, exit code, times and byte counts as they are now.
   *
   * @example
   * const { state, exitCode } = await server.info();
   */
  info(): Promise<ProcessInfo> {
    return this.#connection.json({ method: 'GET', path: path`/processes/${this.id}`, repeat: 'always' });
  }

  /**
   * A page of output behind `since`; with `waitMs` it waits for output or the exit. `alive` is false on
   * the last page.
   *
   * @example
   * for (let since = 0, alive = true; alive; ) {
   *   const page = await server.output({ since, waitMs: 30_000 });
   *   for (const chunk of page.chunks) console.log(chunk.stream, chunk.data);
   *   ({ nextSeq: since, alive } = page);
   * }
   */
  output(options: PageOptions = {}): Promise<OutputPage> {
    return outputPage(this.#connection, path`/processes/${this.id}/output`, options);
  }

  /**
   * Its events: `start`, what it wrote behind `after` (a seq; default 0, the beginning), what it writes, and
   * `exit` when all that held its output has ended. A stream that is cut is resumed: no event is lost and none
   * comes twice. Leaving the loop leaves the process alone.
   *
   * @example
   * for await (const event of server.stream()) {
   *   if (event.type === 'stdout' && 'data' in event) console.log(event.data);
   * }
   */
  stream(
    options: { after?: number; signal?: AbortSignal } = {},
  ): AsyncGenerator<CommandEvent, void, undefined> {
    return commandEvents(this.#connection, this.id, options);
  }

  /**
   * Writes to its stdin, which must have been opened with `stdinOpen: true`; `eof` closes it after the data.
   * Never repeated by itself: after `CONNECTION_FAILED` it is unknown what was written. Throws `STDIN_CLOSED`.
   *
   * @example
   * await python.write('6 * 7\n');
   */
  write(data: string | Uint8Array, { eof = false } = {}): Promise<void> {
    return writeStdin(this.#connection, path`/processes/${this.id}/stdin`, data, eof);
  }

  /**
   * Closes its stdin: it reads an end of file. Throws `STDIN_CLOSED` where it was closed.
   *
   * @example
   * await python.closeStdin();
   */
  closeStdin(): Promise<void> {
    return this.write('', { eof: true });
  }

  /**
   * Sends a signal, by name or number, to it and all that it started. Never repeated by itself.
   *
   * @example
   * await server.signal('HUP');
   */
  async signal(signal: string | number): Promise<void> {
    const at = path`/processes/${this.id}/signal`;
    await this.#connection.json({ method: 'POST', path: at, json: { signal }, repeat: 'never' });
  }

  /**
   * Ends it and all that it started: SIGTERM, and SIGKILL after `graceMs` (default 5,000) to what is left.
   * Resolves when nothing of it lives. It stays readable. On one that has ended it changes nothing.
   *
   * @example
   * const { exitCode } = await server.kill(); // 143 for one that SIGTERM ended
   */
  kill(options: { graceMs?: number } = {}): Promise<ProcessInfo> {
    const at = path`/processes/${this.id}/terminate`;
    return this.#connection.json({ method: 'POST', path: at, json: options, repeat: 'always' });
  }

  /**
   * Ends it as `kill` does, and forgets it with its output.
   *
   * @example
   * await server.delete();
   */
  async delete(): Promise<void> {
    await this.#connection.json({
      method: 'DELETE',
      path: path`/processes/${this.id}`,
      repeat: 'always',
      doneBefore: 'PROCESS_NOT_FOUND',
    });
  }

  /**
   * Waits until its output holds a text or matches a pattern: what is already there from `since` on (a seq;
   * default 0, the beginning), then what comes. stdout and stderr are looked at each by itself, across the
   * borders of lines and chunks. A match spans at most 64 Ki characters; `$` without the flag `m` is the end of
   * the output so far. `nextSeq` of the answer is the `since` with which to go on.
   *
   * Throws `PROCESS_EXITED` when its output is complete without, `WAIT_TIMEOUT`, and `INVALID_REQUEST` for a
   * pattern that takes too long.
   *
   * @example
   * const { groups, nextSeq } = await server.waitForOutput(/listening on port (\d+)\n/, { timeoutMs: 10_000 });
   * const port = Number(groups[0]);
   * await server.waitForOutput('first request', { since: nextSeq });
   */
  async waitForOutput(
    wanted: string | RegExp,
    { since, ...options }: WaitOptions & { since?: number } = {},
  ): Promise<OutputMatch> {
    const match =
      typeof wanted === 'string'
        ? { text: wanted }
        : // Where a match begins is the wait's affair.
          { pattern: wanted.source, flags: wanted.flags.replace(/[dgy]/g, '') };
    const { match: found } = await this.#wait(
      { for: 'output', ...match, since },
      `${wanted} in the output`,
      options,
    );
    return found!;
  }

  /**
   * Waits until something answers on a port of the sandbox's own loopback, IPv4 or IPv6. The sandbox itself
   * looks, so it works from anywhere. Whose port it is, is not asked.
   *
   * Throws `PROCESS_EXITED` when the process ended first, `WAIT_TIMEOUT`.
   *
   * @example
   * await server.waitForPort(3000, { mode: 'http', path: '/health', status: 200, timeoutMs: 30_000 });
   */
  async waitForPort(port: number, { mode, path, status, ...options }: PortOptions = {}): Promise<void> {
    await this.#wait({ for: 'port', port, mode, path, status }, `an answer on port ${port}`, options);
  }

  /**
   * Waits until it has exited. Its output is complete when `state` is `settled`: what it left in the background
   * may still write.
   *
   * Throws `WAIT_TIMEOUT`.
   *
   * @example
   * const { exitCode } = await build.waitForExit({ timeoutMs: 600_000 });
   */
  async waitForExit(options: WaitOptions = {}): Promise<ProcessInfo> {
    return (await this.#wait({ for: 'exit' }, 'its exit', options)).process;
  }

  #wait(wanted: Parameters<typeof waitFor>[1]['wanted'], what: string, options: WaitOptions) {
    const { timeoutMs, signal } = options;
    return waitFor(this.#connection, { id: this.id, wanted, what, timeoutMs, signal });
  }
}

// The terminals of a sandbox: making, finding and ending them, and connecting to one.
import type { Connection } from './connection/connection.ts';
import { path } from './path.ts';
import { type CreateTerminalRequest, DEFAULT_SESSION, type TerminalInfo } from './protocol/index.ts';
import { type ConnectOptions, TerminalConnection } from './terminal-connection.ts';

/** How a WebSocket that somebody else opened is connected; see `Terminals.upgrade`. */
export interface UpgradeOptions {
  /** Of the terminal; it is made where there is none. Default: the session's id. */
  id?: string;
  /** Whose state a new one starts with. Default `default`. */
  session?: string;
  cols?: number;
  rows?: number;
  /** Runs in a new one in the place of bash. */
  shell?: string;
}

/**
 * The terminals of a sandbox, as `sandbox.terminals`. A terminal runs on without a connection, until it is deleted, its
 * session is, or the container ends.
 *
 * @example
 * const { id } = await sandbox.terminals.create({ cols: 120, rows: 30 });
 * const terminal = await sandbox.terminals.connect(id);
 * terminal.write('vim notes.txt\r');
 * for await (const bytes of terminal) screen.write(bytes);
 */
export class Terminals {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Starts an interactive bash, or `command`, on a pseudoterminal of its own, in a copy of a session's state.
   *
   * Throws `TERMINAL_EXISTS`, `TOO_MANY_TERMINALS`, `CWD_NOT_FOUND`, `SESSION_NOT_FOUND`.
   *
   * @example
   * const { id, pid } = await sandbox.terminals.create({ session: 'build', command: 'htop' });
   */
  async create(options: CreateTerminalRequest = {}): Promise<TerminalInfo> {
    const { id = crypto.randomUUID() } = options;
    const ours = options.id === undefined;
    const made = await this.#connection.json<TerminalInfo | undefined>({
      method: 'POST',
      path: '/terminals',
      json: { ...options, id },
      ...(ours ? { repeat: 'always', doneBefore: 'TERMINAL_EXISTS' } : { repeat: 'unstarted' }),
    });
    return made ?? (await this.get(id));
  }

  /**
   * All terminals, newest first; those that ended too, for half an hour.
   *
   * @example
   * const running = (await sandbox.terminals.list()).filter(({ state }) => state === 'running');
   */
  async list(): Promise<TerminalInfo[]> {
    const at = { method: 'GET', path: '/terminals', repeat: 'always' } as const;
    return (await this.#connection.json<{ terminals: TerminalInfo[] }>(at)).terminals;
  }

  /**
   * One terminal: its state, size and viewers. Throws `TERMINAL_NOT_FOUND`.
   *
   * @example
   * const { state, exitCode } = await sandbox.terminals.get(id);
   */
  get(id: string): Promise<TerminalInfo> {
    return this.#connection.json({ method: 'GET', path: path`/terminals/${id}`, repeat: 'always' });
  }

  /**
   * Ends a terminal and all that runs in it. Throws `TERMINAL_NOT_FOUND`.
   *
   * @example
   * await sandbox.terminals.delete(id);
   */
  async delete(id: string): Promise<void> {
    await this.#connection.json({
      method: 'DELETE',
      path: path`/terminals/${id}`,
      repeat: 'always',
      doneBefore: 'TERMINAL_NOT_FOUND',
    });
  }

  /**
   * Connects to a terminal; resolves once it is connected. See `TerminalConnection`.
   *
   * Throws `TERMINAL_NOT_FOUND`.
   *
   * @example
   * const terminal = await sandbox.terminals.connect(id, { cols: 100, rows: 40 });
   */
  connect(id: string, options: ConnectOptions = {}): Promise<TerminalConnection> {
    return TerminalConnection.open(this.#connection, id, options);
  }

  /**
   * For a Worker: connects the WebSocket of a browser, and answers with what to return. The terminal is made where
   * there is none. The request's credentials are yours to check: they are not sent on.
   *
   * @example
   * if (request.headers.get('Upgrade') === 'websocket')
   *   return getSandbox(env.SANDBOX, 'agent-7').terminals.upgrade(request, { cols: 120, rows: 30 });
   */
  upgrade(request: Request, options: UpgradeOptions = {}): Promise<Response> {
    const { session = DEFAULT_SESSION, id = session, cols, rows, shell } = options;
    const query = new URLSearchParams({ create: 'true', session });
    const after = new URL(request.url).searchParams.get('after');
    const more = { cols, rows, after, command: shell && `exec ${shell}` };
    for (const [name, value] of Object.entries(more)) if (value) query.set(name, String(value));
    return this.#connection.passSocket(`${path`/terminals/${id}`}?${query}`, request);
  }
}

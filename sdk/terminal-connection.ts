// A connection to a terminal that comes back by itself: what is read from it has no gap and nothing twice.
import { Attempts } from './connection/attempts.ts';
import type { Connection } from './connection/connection.ts';
import { cutOff, FailedTry } from './connection/failed-try.ts';
import { path } from './path.ts';
import { HoldfastError, type TerminalMessage } from './protocol/index.ts';
import type { Socket } from './transport/socket.ts';

export interface ConnectOptions {
  /** Offset of the last byte that you have; what is kept behind it comes first. Default 0, the beginning. */
  after?: number;
  /** The size from now on; give both. */
  cols?: number;
  rows?: number;
  /** Ends the connection; reading it then throws its reason. */
  signal?: AbortSignal;
}

export interface TerminalExit {
  exitCode: number;
  signal: string | null;
}

/** What may be on its way and unread: more stays in the sandbox, where the program waits for its only reader. */
const WINDOW_BYTES = 256 * 1024;
/** Of one message: the sandbox refuses those of more than 1 MiB. */
const MESSAGE_BYTES = 64 * 1024;
/** Input that waits for a connection. */
const UNSENT_BYTES = 1024 * 1024;
/** What browsers let a page close a WebSocket with. */
const NORMAL = 1000;
/** `WebSocket.CLOSING`. */
const CLOSING = 2;

type Ready = Extract<TerminalMessage, { type: 'ready' }>;
/** Bytes, and the offset behind them; none where bytes are lost. */
type Arrived = { bytes?: Uint8Array; offset: number };

/**
 * A connection to a terminal. Iterate it for the terminal's bytes; read at the pace you like. A connection that is cut
 * is made again and goes on where it was. Leaving the loop keeps it; `close` ends it, and never the terminal.
 *
 * @example
 * const terminal = await sandbox.terminals.connect(id);
 * terminal.write('ls\r');
 * for await (const bytes of terminal) screen.write(bytes);
 * const { exitCode } = await terminal.exited;
 */
export class TerminalConnection implements AsyncIterable<Uint8Array> {
  readonly id: string;
  /**
   * Resolves when the terminal has ended and all that it wrote has arrived: go on reading. Rejects with what ended the
   * connection before.
   */
  readonly exited: Promise<TerminalExit>;
  /** Bytes that were no longer kept when they should have come: more than 1 MiB was missed. */
  lostBytes = 0;
  readonly #connection: Connection;
  readonly #signal: AbortSignal | undefined;
  readonly #exit = Promise.withResolvers<TerminalExit>();
  readonly #opened = Promise.withResolvers<void>();
  readonly #arrived: Arrived[] = [];
  #size: { cols: number; rows: number } | undefined;
  #startedAt: string | undefined;
  #socket: Socket | undefined;
  #unsent: Uint8Array[] = [];
  #received: number;
  #taken: number;
  #acknowledged: number;
  #over: { error?: unknown } | undefined;
  #awaken: () => void = () => {};
  #leave: () => void = () => {};

  private constructor(connection: Connection, id: string, { after = 0, cols, rows, signal }: ConnectOptions) {
    this.#connection = connection;
    this.id = id;
    this.#signal = connection.signalWith(signal);
    this.#received = this.#taken = this.#acknowledged = after;
    if (cols !== undefined && rows !== undefined) this.#size = { cols, rows };
    this.exited = this.#exit.promise;
    // They are told to those who ask.
    this.exited.catch(ignore);
    this.#opened.promise.catch(ignore);
  }

  /** Use `sandbox.terminals.connect`. */
  static async open(
    connection: Connection,
    id: string,
    options: ConnectOptions,
  ): Promise<TerminalConnection> {
    const made = new TerminalConnection(connection, id, options);
    void made.#run();
    await made.#opened.promise;
    return made;
  }

  /** Offset behind the last byte that was read: the `after` of a later connection. */
  get offset(): number {
    return this.#taken;
  }

  /**
   * Types. What was sent just before a cut may not have arrived, and is not sent again. While there is no connection up
   * to 1 MiB waits for the next; more throws `CONNECTION_FAILED`.
   *
   * @example
   * terminal.write('\x03'); // Ctrl-C
   */
  write(data: string | Uint8Array): void {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    const waiting = this.#unsent.reduce((sum, { length }) => sum + length, 0);
    if (this.#over || (!this.#socket && waiting + bytes.length > UNSENT_BYTES)) {
      throw new HoldfastError('CONNECTION_FAILED', `there is no connection to terminal ${this.id}`);
    }
    for (let at = 0; at < bytes.length; at += MESSAGE_BYTES)
      this.#unsent.push(bytes.slice(at, at + MESSAGE_BYTES));
    this.#flush();
  }

  /**
   * Tells the program its new size; kept over cuts.
   *
   * @example
   * terminal.resize(132, 43);
   */
  resize(cols: number, rows: number): void {
    this.#size = { cols, rows };
    this.#say({ type: 'resize', cols, rows });
  }

  /**
   * Sends a signal, by name or number, to what runs in the foreground; nothing while there is no connection.
   *
   * @example
   * terminal.signal('INT');
   */
  signal(signal: string | number): void {
    this.#say({ type: 'signal', signal });
  }

  /** Ends the connection; the terminal runs on. */
  close(): void {
    this.#end({});
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const next = this.#arrived.shift();
      if (next) {
        if (next.bytes) yield next.bytes;
        this.#taken = next.offset;
        if (!next.bytes || this.#taken - this.#acknowledged >= WINDOW_BYTES / 4) this.#acknowledge();
        this.#leave();
      } else if (this.#over) {
        if ('error' in this.#over) throw this.#over.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#awaken = resolve;
        });
      }
    }
  }

  async #run(): Promise<void> {
    const signal = this.#signal;
    const abort = () => this.#end({ error: signal?.reason });
    signal?.addEventListener('abort', abort, { once: true });
    const attempts = new Attempts(this.#connection.policy, 'always', signal);
    try {
      while (!this.#over) {
        try {
          await this.#follow(() => attempts.progressed());
        } catch (failure) {
          if (!(failure instanceof FailedTry)) throw failure;
          if (this.#over) return;
          await this.#room();
          await attempts.next(failure);
        }
      }
    } catch (error) {
      this.#end({ error });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** One connection from its beginning to its end. */
  async #follow(progressed: () => void): Promise<void> {
    const query = new URLSearchParams({ after: `${this.#received}`, window: `${WINDOW_BYTES}` });
    if (!this.#startedAt && this.#size)
      for (const [name, value] of Object.entries(this.#size)) query.set(name, `${value}`);
    const socket = await this.#connection.socket(`${path`/terminals/${this.id}`}?${query}`, this.#signal);
    const { silenceMs } = this.#connection.policy;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const cut = (why: string) => reject(cutOff(`the connection to terminal ${this.id} ${why}`));
    let timer = setTimeout(cut, silenceMs, 'was silent');
    this.#leave = () => this.#over && resolve();
    let ready = false;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('close', () => cut('broke'));
    socket.addEventListener('error', () => cut('broke'));
    socket.addEventListener('message', ({ data }) => {
      clearTimeout(timer);
      timer = setTimeout(cut, silenceMs, 'was silent');
      try {
        if (typeof data !== 'string') this.#take(new Uint8Array(data as ArrayBuffer));
        else this.#hear(JSON.parse(data), socket);
      } catch (error) {
        return reject(error);
      }
      ready = true;
      progressed();
      this.#leave();
    });
    socket.accept?.();
    // It may have failed before anybody listened.
    if (socket.readyState >= CLOSING) cut('broke');
    try {
      if (!this.#over) await promise;
    } catch (failure) {
      if (!ready) await this.#whyRefused();
      throw failure;
    } finally {
      clearTimeout(timer);
      this.#socket = undefined;
      this.#leave = () => {};
      socket.close(NORMAL);
    }
  }

  /** The standard WebSocket does not tell. Throws where another try makes no sense. */
  async #whyRefused(): Promise<void> {
    const at = path`/terminals/${this.id}`;
    const asked = { method: 'GET', path: at, repeat: 'never', signal: this.#signal } as const;
    await this.#connection.json(asked).catch((error: HoldfastError) => {
      if (!error.retryable) throw error;
    });
  }

  #hear(message: TerminalMessage, socket: Socket): void {
    if (message.type === 'ready') this.#begin(message, socket);
    else if (message.type === 'lost') this.#skip(message);
    else if (message.type === 'exit') {
      this.#exit.resolve({ exitCode: message.exitCode, signal: message.signal });
      this.#end({});
    }
  }

  #begin(ready: Ready, socket: Socket): void {
    if (this.#startedAt !== undefined && ready.startedAt !== this.#startedAt) {
      throw new HoldfastError('TERMINAL_NOT_FOUND', `terminal ${this.id} ended; another one has its id now`);
    }
    if (this.#startedAt && this.#size && (this.#size.cols !== ready.cols || this.#size.rows !== ready.rows)) {
      socket.send(JSON.stringify({ type: 'resize', ...this.#size }));
    }
    this.#startedAt = ready.startedAt;
    if (ready.lostBytes > 0) this.#skip(ready);
    this.#socket = socket;
    this.#flush();
    this.#opened.resolve();
  }

  #skip({ offset, lostBytes }: { offset: number; lostBytes: number }): void {
    this.lostBytes += lostBytes;
    this.#received = offset;
    this.#push({ offset });
  }

  #take(bytes: Uint8Array): void {
    this.#received += bytes.length;
    this.#push({ bytes, offset: this.#received });
  }

  #push(arrived: Arrived): void {
    this.#arrived.push(arrived);
    this.#awaken();
  }

  #acknowledge(): void {
    this.#acknowledged = this.#taken;
    this.#say({ type: 'ack', offset: this.#taken });
  }

  /** A reader who does not read is not to hold the program again. */
  async #room(): Promise<void> {
    while (!this.#over && this.#received - this.#taken > WINDOW_BYTES / 2) {
      await new Promise<void>((resolve) => {
        this.#leave = resolve;
      });
    }
  }

  #say(message: object): void {
    this.#socket?.send(JSON.stringify(message));
  }

  #flush(): void {
    if (!this.#socket) return;
    for (const bytes of this.#unsent.splice(0)) this.#socket.send(bytes);
  }

  #end(how: { error?: unknown }): void {
    if (this.#over) return;
    this.#over = how;
    const error =
      'error' in how ? how.error : new HoldfastError('CONNECTION_FAILED', 'the connection was closed');
    this.#exit.reject(error);
    this.#opened.reject(error);
    this.#awaken();
    this.#leave();
  }
}

const ignore = () => {};

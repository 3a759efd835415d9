// A client of one kept connection, a call at a time, that costs as little as it can.
import { connect, type Socket } from 'node:net';
import { ResponseParser } from './response-parser.ts';

export interface CallOptions {
  body?: unknown;
  accept?: string;
  /** Gets the body as it comes; without it the answer is the body. */
  onBytes?: (bytes: Buffer) => void;
}

const JSON_BODY = 'content-type: application/json\r\n';

/** The call that the connection is busy with. */
interface Call {
  name: string;
  status: number;
  parts: Buffer[];
  onBytes: ((bytes: Buffer) => void) | undefined;
  resolve(body: Buffer): void;
  reject(error: Error): void;
}

export class Connection {
  readonly #port: number;
  readonly #headers: string;
  readonly #prefix: string;
  #socket: Socket | undefined;
  #call: Call | undefined;

  /** @param prefix Put before every path. */
  constructor(port: number, headers: Record<string, string> = {}, prefix = '') {
    this.#port = port;
    this.#prefix = prefix;
    this.#headers = Object.entries({ host: `127.0.0.1:${port}`, ...headers })
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('');
  }

  /** Rejects where the answer's status is none of success. */
  call(method: string, path: string, { body, accept, onBytes }: CallOptions = {}): Promise<Buffer> {
    const content = body === undefined ? '' : JSON.stringify(body);
    const length = method === 'GET' ? '' : `${JSON_BODY}content-length: ${Buffer.byteLength(content)}\r\n`;
    const accepts = accept === undefined ? '' : `accept: ${accept}\r\n`;
    const head = `${method} ${this.#prefix}${path} HTTP/1.1\r\n${this.#headers}${accepts}${length}\r\n`;
    return new Promise<Buffer>((resolve, reject) => {
      this.#call = { name: `${method} ${path}`, status: 0, parts: [], onBytes, resolve, reject };
      this.#socket ??= this.#connect();
      this.#socket.write(head + content);
    });
  }

  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    return JSON.parse((await this.call(method, path, { body })).toString()) as T;
  }

  close(): void {
    this.#socket?.destroy();
  }

  #connect(): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    const parser = new ResponseParser({
      onHead: (status) => {
        if (this.#call) this.#call.status = status;
      },
      onBytes: (bytes) => this.#onBytes(bytes),
      onEnd: (keeps) => {
        if (!keeps) this.#forget(socket);
        this.#onEnd();
      },
    });
    socket.on('data', (bytes: Buffer) => parser.feed(bytes));
    socket.once('error', (error) => this.#fail(error));
    socket.once('close', () => {
      parser.close();
      if (this.#socket !== socket) return;
      this.#forget(socket);
      this.#fail(new Error('the connection was closed'));
    });
    return socket;
  }

  #onBytes(bytes: Buffer): void {
    const { onBytes, status, parts } = this.#call!;
    if (onBytes && status < 300) onBytes(bytes);
    else parts.push(bytes);
  }

  #onEnd(): void {
    const { name, status, parts, resolve, reject } = this.#call!;
    const body = Buffer.concat(parts);
    this.#call = undefined;
    if (status < 300) resolve(body);
    else reject(new Error(`${name}: ${status} ${body}`));
  }

  #fail(error: Error): void {
    const call = this.#call;
    this.#call = undefined;
    call?.reject(error);
  }

  #forget(socket: Socket): void {
    if (this.#socket === socket) this.#socket = undefined;
    socket.destroy();
  }
}

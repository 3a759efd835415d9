// Passes requests and WebSockets on to servers in the sandbox, and their answers back, both as they come. What is
// proxied is taken before any router sees it: paths stay as the client wrote them.
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  FORWARDED_HEADER,
  Forwarded,
  HoldfastError,
  LIMITS,
  PORT_ERROR_HEADER,
  portCall,
  portNumber,
} from '#protocol';
import { errorBody, expected } from '../http/errors.ts';
import { guard } from '../http/guard.ts';
import { connectLoopback } from './connect.ts';
import { type Passage, requestHeaders, responseHeaders } from './headers.ts';
import { OpenPreviews } from './open-previews.ts';
import type { Ports } from './ports.ts';
import { type End, lastResponse, openTunnel } from './tunnel.ts';

export class PortProxy {
  readonly #ports: Ports;
  readonly #token: string | undefined;
  readonly previews = new OpenPreviews();
  #open = 0;

  /** `token`: what callers of the engine show. */
  constructor(ports: Ports, token: string | undefined) {
    this.#ports = ports;
    this.#token = token;
  }

  /** WebSockets that are open. */
  get openSockets(): number {
    return this.#open;
  }

  /** Whether a request is for a server behind a port. */
  takes({ url }: IncomingMessage): boolean {
    return portCall(url ?? '') !== undefined;
  }

  /** Answers a request that `takes` said yes to. */
  async request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#pass(request, response);
    } catch (error) {
      refuse(error, request, response);
    }
  }

  /** The same for a WebSocket (RFC 6455), whose connection is ours. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const response = lastResponse(request, socket);
    try {
      await this.#pass(request, response, (server, passage, answer) => {
        if (socket.destroyed) return void server.socket.destroy();
        response.detachSocket(socket as Socket);
        this.#open += 1;
        socket.once('close', () => {
          this.#open -= 1;
        });
        const headers = responseHeaders(answer.rawHeaders, passage);
        openTunnel({ socket, head }, server, answer.statusMessage ?? '', headers);
      });
    } catch (error) {
      refuse(error, request, response);
    }
  }

  async #pass(
    request: IncomingMessage,
    response: ServerResponse,
    onUpgrade?: (server: End, passage: Passage, answer: IncomingMessage) => void,
  ): Promise<void> {
    guard(request, this.#token);
    const call = portCall(request.url ?? '')!;
    const port = this.#allowed(call.port, request);
    const { headers } = request;
    const chunked = headers['transfer-encoding'] !== undefined;
    const forwarded = this.#forwardedOf(request, port);
    const passage: Passage = { port, forwarded, upgrades: onUpgrade !== undefined, chunked };
    const socket = await connectLoopback(port, this.#ports.hostsOf(port));
    if (response.destroyed || request.destroyed) return void socket.destroy();
    if (forwarded.preview) {
      const ended = this.previews.begin(forwarded.preview, () => {
        socket.destroy();
        request.socket.destroy();
      });
      socket.once('close', ended);
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const upstream = httpRequest({
      createConnection: () => socket,
      method: request.method,
      path: call.path,
      headers: requestHeaders(request.rawHeaders, passage),
      setDefaultHeaders: false,
      maxHeaderSize: LIMITS.portHeaderBytes,
    });
    upstream.once('upgrade', (answer, taken, head) => {
      if (onUpgrade) onUpgrade({ socket: taken, head }, passage, answer);
      else {
        taken.destroy();
        reject(broken('it changed the protocol without being asked'));
      }
      resolve();
    });
    upstream.once('response', (answer) => {
      try {
        passBack(answer, response, passage);
        resolve();
      } catch (error) {
        upstream.destroy();
        reject(broken((error as Error).message));
      }
    });
    upstream.on('error', (error) => reject(broken(error.message)));
    // The client left.
    response.once('close', () => {
      if (!response.writableFinished) upstream.destroy();
      resolve();
    });
    request.once('error', () => upstream.destroy());
    if (onUpgrade) upstream.end();
    else request.pipe(upstream);
    await promise;
  }

  #allowed(text: string, request: IncomingMessage): number {
    const port = portNumber(text);
    if (port === undefined) {
      throw new HoldfastError('INVALID_REQUEST', 'a port is a whole number from 1 to 65535');
    }
    if (port === request.socket.localPort) {
      throw new HoldfastError('FORBIDDEN', `port ${port} is the engine's own`);
    }
    return port;
  }

  /** Who has no token to show is nobody to believe about other clients. */
  #forwardedOf({ headers, socket }: IncomingMessage, port: number): Forwarded {
    const told = this.#token === undefined ? undefined : headers[FORWARDED_HEADER];
    if (typeof told === 'string') {
      const forwarded = Forwarded.safeParse(parsed(told));
      if (forwarded.success) return forwarded.data;
    }
    const host = headers.host ?? `localhost:${socket.localPort}`;
    const address = socket.remoteAddress;
    return { ...(address ? { for: address } : {}), proto: 'http', host, prefix: `/ports/${port}` };
  }
}

/** Throws where the answer is none that could be passed on. */
function passBack(answer: IncomingMessage, response: ServerResponse, passage: Passage): void {
  const { statusCode = 0 } = answer;
  if (statusCode < 200 || statusCode > 599) throw new Error(`its status was ${statusCode}`);
  response.sendDate = false;
  // What an answer without an upgrade says is an answer like any other.
  const headers = responseHeaders(answer.rawHeaders, { ...passage, upgrades: false });
  response.writeHead(statusCode, answer.statusMessage, headers);
  response.flushHeaders();
  answer.pipe(response);
  // Broken off: the client must not take what it has for the whole.
  answer.once('close', () => {
    if (!answer.complete) response.destroy();
  });
}

function refuse(error: unknown, request: IncomingMessage, response: ServerResponse): void {
  if (response.destroyed) return;
  if (response.headersSent) return void response.destroy();
  const told = expected(error);
  const body = JSON.stringify(errorBody(told, request));
  response.writeHead(told.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    [PORT_ERROR_HEADER]: told.code,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

const broken = (why: string) =>
  new HoldfastError('CONNECTION_FAILED', `the server gave no answer that can be passed on: ${why}`);

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined; // then nothing was told
  }
}

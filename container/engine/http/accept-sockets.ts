// Upgrades to WebSockets: let in as any other request is, or refused with a status and a body before anything is upgraded.
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { ERRORS, HoldfastError, LIMITS, SOCKET_PROTOCOL } from '#protocol';
import type { Engine } from '../engine.ts';
import { errorBody, expected } from './errors.ts';
import { guard } from './guard.ts';
import { terminalSocket } from './terminal-socket.ts';

/** What is done with the socket once it is open. */
export type Accept = (socket: WebSocket) => void;

/** Takes an upgrade if the path is its own, and refuses it by throwing. */
type Handler = (path: string, query: URLSearchParams) => Promise<Accept> | undefined;

/** Serves the WebSockets of an engine at the paths of its HTTP API: what it returns takes one upgrade. */
export function socketAcceptor(
  engine: Engine,
  token: string | undefined,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void> {
  const handlers: Handler[] = [terminalSocket(engine)];
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LIMITS.socketMessageBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => offered.has(SOCKET_PROTOCOL) && SOCKET_PROTOCOL,
  });

  async function find(request: IncomingMessage): Promise<Accept> {
    guard(request, token);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://engine');
    for (const handler of handlers) {
      const accept = handler(pathname, searchParams);
      if (accept) return await accept;
    }
    throw new HoldfastError('NOT_FOUND', 'there is no WebSocket at this path');
  }

  return async (request, socket, head) => {
    socket.on('error', ignoreAsTheClientLeft);
    try {
      const accept = await find(request);
      sockets.handleUpgrade(request, socket, head, accept);
    } catch (error) {
      refuse(request, socket, error);
    }
  };
}

function refuse(request: IncomingMessage, socket: Duplex, error: unknown): void {
  const told = expected(error);
  const body = JSON.stringify(errorBody(told, request));
  const response = new ServerResponse(request);
  response.assignSocket(socket as Socket);
  response.shouldKeepAlive = false;
  response.once('finish', () => socket.end());
  response.writeHead(ERRORS[told.code].status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

/** Nothing was begun for it yet; an open socket has a listener of its own. */
function ignoreAsTheClientLeft(): void {}

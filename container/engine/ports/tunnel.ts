// A connection whose protocol has changed: bytes pass both ways as they come, and one end takes the other with it.
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** One side: its connection, and what it had sent before that was handed over. */
export interface End {
  socket: Duplex;
  head: Buffer;
}

/** Tells the client that the protocol changes, and lets the rest pass. `headers` are names and values in turn. */
export function openTunnel(
  client: End,
  server: End,
  statusMessage: string,
  headers: readonly string[],
): void {
  const lines = [`HTTP/1.1 101 ${statusMessage || 'Switching Protocols'}`];
  for (let at = 0; at + 1 < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`);
  client.socket.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
  if (client.head.length > 0) server.socket.write(client.head);
  if (server.head.length > 0) client.socket.write(server.head);
  client.socket.pipe(server.socket, { end: false });
  server.socket.pipe(client.socket, { end: false });
  for (const [one, other] of [
    [client.socket, server.socket],
    [server.socket, client.socket],
  ] as const) {
    one.on('error', () => one.destroy());
    // There is no half of a WebSocket: who has said all is gone, once the other has heard it.
    one.once('end', () => {
      other.end(() => other.destroy());
      one.destroy();
    });
    one.once('close', () => {
      if (!one.readableEnded) other.destroy();
    });
  }
}

/**
 * A response on a connection that asked for another protocol and may not get it: such a connection serves no other
 * request. Detach it before the protocol changes.
 */
export function lastResponse(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as Socket);
  response.once('finish', () => socket.end());
  socket.on('error', () => socket.destroy());
  return response;
}

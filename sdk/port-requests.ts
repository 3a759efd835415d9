// Requests to a server in the sandbox: handed on as they are, and so is what it answers.
import type { Connection } from './connection/connection.ts';
import { FORWARDED_HEADER, forwardedOf, HoldfastError, PORT_AUTHORIZATION_HEADER } from './protocol/index.ts';

export async function fetchPort(connection: Connection, request: Request, port: number): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const headers: Record<string, string> = Object.fromEntries(request.headers);
  // On most ways the header of that name is Holdfast's own.
  const { authorization } = headers;
  delete headers[PORT_AUTHORIZATION_HEADER];
  if (authorization !== undefined) headers[PORT_AUTHORIZATION_HEADER] = authorization;
  delete headers.authorization;
  headers[FORWARDED_HEADER] = JSON.stringify(forwardedOf(request));
  const { method, body, signal } = request;
  const init: RequestInit & { headers: typeof headers; duplex?: 'half' } = {
    method,
    headers,
    signal,
    redirect: 'manual',
  };
  if (body) {
    init.body = body;
    // fetch of Node wants it said that the answer may come before the body has ended.
    init.duplex = 'half';
  }
  return await connection.pass(`/ports/${port}${pathname}${search}`, init);
}

export async function wsConnect(connection: Connection, request: Request, port: number): Promise<Response> {
  if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') {
    throw new HoldfastError(
      'INVALID_REQUEST',
      'the request asks for no WebSocket; pass the one that the client sent',
    );
  }
  return await fetchPort(connection, request, port);
}

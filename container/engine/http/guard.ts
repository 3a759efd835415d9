// Who may call the engine: code inside the sandbox can reach its port, so every call carries the token.
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { HoldfastError, splitProtocols } from '#protocol';
import { isLoopback } from '../config.ts';

/**
 * With a token: it must come as a bearer token, among the subprotocols of a WebSocket, or, as OpenSandbox's clients
 * send it, in `X-EXECD-ACCESS-TOKEN`. Without: only a loopback `Host` is answered, so that no web page can
 * reach the engine through a name of its own (DNS rebinding), and no `Origin` of another site.
 */
export function guard(request: IncomingMessage, token: string | undefined): void {
  if (token === undefined) {
    if (isLoopback(hostName(request.headers.host)) && isOwnOrigin(request.headers.origin)) return;
    throw new HoldfastError('FORBIDDEN', 'an engine without a token answers only localhost');
  }
  const given =
    /^Bearer +(.+)$/i.exec(request.headers.authorization ?? '')?.[1] ??
    request.headers['x-execd-access-token'] ??
    splitProtocols(request.headers['sec-websocket-protocol']).token;
  if (typeof given === 'string' && equal(given, token)) return;
  throw new HoldfastError('UNAUTHORIZED', 'send the engine token as Authorization: Bearer <token>');
}

/** In a time that tells at most the length. */
function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Browsers name the page's origin with every POST (Fetch, Origin header); other clients send none. */
function isOwnOrigin(origin: string | undefined): boolean {
  return origin === undefined || (URL.canParse(origin) && isLoopback(new URL(origin).hostname));
}

function hostName(host: string | undefined): string {
  return (host ?? '').replace(/:\d+$/, '');
}

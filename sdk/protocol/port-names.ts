// Names on the way to a server behind a port. Without zod, for clients.

/** Carries `Forwarded` as JSON from Worker to engine. Never a client's: the Worker drops it. */
export const FORWARDED_HEADER = 'x-holdfast-forwarded';

/** What the server behind the port is to get as its `Authorization`, where that header is Holdfast's own. */
export const PORT_AUTHORIZATION_HEADER = 'x-holdfast-authorization';

/** On an answer that is Holdfast's and not the server's: the error's code. A server's own is taken off. */
export const PORT_ERROR_HEADER = 'x-holdfast-error';

/** A port in a path or a host name: digits, without sign, blanks or zeros in front. */
const PORT = /^[1-9][0-9]{0,4}$/;

/** 1 to 65535, or undefined. */
export function portNumber(text: string): number | undefined {
  const port = PORT.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** The path of a call to a server behind a port: `/ports/{port}`, and below it that server's own. */
const PORT_PATH = /^\/ports\/([^/?]*)(\/[^?]*)?(\?.*)?$/;

/**
 * Takes apart the path and query of such a call; nothing in them is decoded.
 *
 * @example
 * portCall('/ports/3000/a%2Fb?c') // { port: '3000', path: '/a%2Fb?c' }
 */
export function portCall(pathAndQuery: string): { port: string; path: string } | undefined {
  const match = PORT_PATH.exec(pathAndQuery);
  return match ? { port: match[1]!, path: `${match[2] ?? '/'}${match[3] ?? ''}` } : undefined;
}

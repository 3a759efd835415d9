// How a WebSocket says who asks, where the caller can set no headers: as browsers. Without zod.

/** The subprotocol (RFC 6455, section 1.9) that the server chooses. Offer it beside the one that carries the token. */
export const SOCKET_PROTOCOL = 'holdfast';

const BEARER = 'holdfast.bearer.';

/**
 * What to offer as subprotocols: the name that is chosen, and the token in another one, which no log has.
 *
 * @example
 * new WebSocket(url, socketProtocols(token));
 */
export function socketProtocols(token: string | undefined): string[] {
  if (token === undefined) return [SOCKET_PROTOCOL];
  // A subprotocol is a token of RFC 9110, section 5.6.2: % is allowed there, brackets are not.
  const encoded = encodeURIComponent(token).replace(/[()]/g, (one) => `%${one.charCodeAt(0).toString(16)}`);
  return [SOCKET_PROTOCOL, BEARER + encoded];
}

/** The token among the subprotocols that were offered, and the others as a header, null if there are none. */
export function splitProtocols(offered: string | null | undefined): {
  token: string | undefined;
  others: string | null;
} {
  const all = (offered ?? '').split(',').map((one) => one.trim());
  const bearer = all.find((one) => one.startsWith(BEARER))?.slice(BEARER.length);
  const others = all.filter((one) => one !== '' && !one.startsWith(BEARER));
  return { token: decoded(bearer), others: others.length > 0 ? others.join(', ') : null };
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text && decodeURIComponent(text);
  } catch {
    return undefined; // no UTF-8, so no token of ours
  }
}

/** Whether a request asks for a WebSocket. */
export function isSocketUpgrade(upgrade: string | null | undefined): boolean {
  return upgrade?.toLowerCase() === 'websocket';
}

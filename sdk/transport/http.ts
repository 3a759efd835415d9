// The way over HTTP: a base address and a bearer token. Serves the Worker, reached by URL or by
// service binding, and a bare engine alike.
import { standardSocket, upgrade, upgradesByFetch } from './socket.ts';
import type { Fetcher, Transport } from './transport.ts';

export interface HttpWay {
  /** Absolute; the path of each call is put behind it. */
  base: string;
  /** Sent as `Authorization: Bearer`; nothing is sent without one. */
  token?: string | undefined;
  fetch: Fetcher['fetch'];
  /** `base` is no address: nothing but `fetch` leads there. */
  byFetchAlone?: boolean;
}

/** A transport over `fetch`. */
export function httpTransport({ base, token, fetch, byFetchAlone }: HttpWay): Transport {
  const authorization: Record<string, string> =
    token === undefined ? {} : { authorization: `Bearer ${token}` };
  return {
    target: base,
    fetch: (path, init) => fetch(base + path, { ...init, headers: { ...init.headers, ...authorization } }),
    socket: async (path, signal) =>
      byFetchAlone || upgradesByFetch()
        ? upgrade(fetch, base + path, authorization, signal)
        : standardSocket(base + path, token),
  };
}

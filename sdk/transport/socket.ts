// A WebSocket in each runtime: the standard one, or in workerd the one that an upgraded `fetch` answers with.
import { socketProtocols } from '../protocol/index.ts';
import type { Fetcher } from './transport.ts';

/** What all of them have in common. */
export interface Socket {
  binaryType: string;
  readonly readyState: number;
  send(data: string | Uint8Array): void;
  close(code?: number): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close' | 'error', listener: () => void): void;
  /** In workerd nothing is delivered before it is called. */
  accept?(): void;
}

/** By `fetch`, which can send headers, and tells why it was refused. */
export async function upgrade(
  fetch: Fetcher['fetch'],
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<Socket | Response> {
  const init: RequestInit = { headers: { ...headers, upgrade: 'websocket' } };
  if (signal) init.signal = signal;
  const response = await fetch(url, init);
  return (response as Response & { webSocket?: Socket | null }).webSocket ?? response;
}

/** Whether this runtime upgrades by `fetch`. */
export const upgradesByFetch = () => 'WebSocketPair' in globalThis;

/** The standard one, which can send no headers: the token is among its subprotocols. */
export function standardSocket(url: string, token: string | undefined): Socket {
  return new WebSocket(url.replace(/^http/, 'ws'), socketProtocols(token)) as unknown as Socket;
}

// A sandbox that is nothing but an engine: what `npm run engine` starts.
import { baseAddress } from './base-address.ts';
import { Connection } from './connection/connection.ts';
import { type RetryPolicy, retryPolicy } from './connection/retry-policy.ts';
import { Sandbox } from './sandbox.ts';
import { httpTransport } from './transport/http.ts';
import type { Fetcher } from './transport/transport.ts';

/** `token` is the engine's `HOLDFAST_ENGINE_TOKEN`, where it has one; the rest is as for `Holdfast`. */
export interface EngineOptions {
  token?: string;
  fetch?: Fetcher['fetch'];
  retry?: Partial<RetryPolicy>;
}

/**
 * The sandbox of an engine that runs by itself, without Worker and container.
 *
 * @example
 * const sandbox = connectEngine('http://127.0.0.1:8080');
 * const { stdout } = await sandbox.exec('pwd');
 */
export function connectEngine(url: string | URL, { token, fetch, retry }: EngineOptions = {}): Sandbox {
  const base = baseAddress(url);
  const over = fetch ?? ((input: string, init?: RequestInit) => globalThis.fetch(input, init));
  const transport = httpTransport({ base, token, fetch: over });
  return new Sandbox(new Connection(transport, retryPolicy(retry)), new URL(base).host);
}

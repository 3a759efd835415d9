// The client of a deployed Worker: where it is, who asks, and handles of its sandboxes.

import { baseAddress } from './base-address.ts';
import { Connection } from './connection/connection.ts';
import { type RetryPolicy, retryPolicy } from './connection/retry-policy.ts';
import { HoldfastError } from './protocol/index.ts';
import { sandboxName } from './sandbox-name.ts';
import { httpTransport } from './transport/http.ts';
import type { Fetcher } from './transport/transport.ts';
import { WorkerSandbox } from './worker-sandbox.ts';

/** How to reach the Worker: by `url` or by `binding`, one of them. */
export interface HoldfastOptions {
  /** The Worker's address, `https://holdfast.example.workers.dev`; a path in it is kept. */
  url?: string | URL;
  /** A service binding to the Worker, or anything with `fetch`. */
  binding?: Fetcher;
  /** The API key, or a scoped token, which opens its one sandbox. Keep the key out of browsers. */
  apiKey: string;
  /** Used with `url` in place of the global `fetch`. */
  fetch?: Fetcher['fetch'];
  /** How failures are repeated; what is absent keeps its default. */
  retry?: Partial<RetryPolicy>;
}

/**
 * A Holdfast deployment. Runs in Workers, Node and browsers.
 *
 * Throws `INVALID_REQUEST` for an address that is none.
 *
 * @example
 * const holdfast = new Holdfast({ url: 'https://holdfast.example.workers.dev', apiKey });
 * const sandbox = holdfast.sandbox('agent-7');
 * await sandbox.exec('cd /tmp && export NAME=world');
 * (await sandbox.exec('echo hello $NAME from $PWD')).stdout; // 'hello world from /tmp\n'
 *
 * @example
 * // In a Worker with a service binding named HOLDFAST:
 * const holdfast = new Holdfast({ binding: env.HOLDFAST, apiKey: env.HOLDFAST_API_KEY });
 */
export class Holdfast {
  readonly #base: string;
  readonly #fetch: Fetcher['fetch'];
  readonly #apiKey: string;
  readonly #policy: RetryPolicy;
  readonly #bound: boolean;

  constructor({ url, binding, apiKey, fetch, retry }: HoldfastOptions) {
    if ((url === undefined) === (binding === undefined)) {
      throw new HoldfastError('INVALID_REQUEST', 'give url or binding, one of them');
    }
    // A binding leads to its Worker whatever the host says.
    this.#base = url === undefined ? 'https://holdfast' : baseAddress(url);
    this.#fetch = binding
      ? (input, init) => binding.fetch(input, init)
      : (fetch ?? ((input, init) => globalThis.fetch(input, init)));
    this.#bound = binding !== undefined;
    this.#apiKey = apiKey;
    this.#policy = retryPolicy(retry);
  }

  /**
   * A sandbox by its name, `[a-z0-9][a-z0-9-]{0,62}`. It comes to be with its first use; the handle
   * itself talks to nobody. Throws `INVALID_REQUEST` for another name.
   *
   * @example
   * const { stdout } = await holdfast.sandbox('agent-7').exec('pwd');
   */
  sandbox(id: string): WorkerSandbox {
    const base = `${this.#base}/v1/sandboxes/${sandboxName(id)}`;
    const way = { base, token: this.#apiKey, fetch: this.#fetch, byFetchAlone: this.#bound };
    const transport = httpTransport(way);
    return new WorkerSandbox(new Connection(transport, this.#policy), id);
  }
}

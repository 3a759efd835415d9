// A sandbox under the names of `@cloudflare/sandbox`, inside the Worker that embeds the Durable Object class.
import { Connection } from '../connection/connection.ts';
import { type RetryPolicy, retryPolicy } from '../connection/retry-policy.ts';
import { DurableSandbox } from '../durable-sandbox.ts';
import type { PatchSandboxRequest } from '../protocol/index.ts';
import { sandboxName } from '../sandbox-name.ts';
import { durableObjectTransport, type SandboxNamespace } from '../transport/durable-object.ts';
import { configured } from './configured.ts';
import { ISandbox } from './sandbox.ts';

export interface SandboxOptions {
  /** Idle time until it sleeps: seconds, or `'30s'`, `'10m'`, `'2h'`. Default `'10m'`. */
  sleepAfter?: string | number;
  /** Never sleeps while true. */
  keepAlive?: boolean;
  /** Makes the id lower case. */
  normalizeId?: boolean;
  /** Ends every call of this handle. */
  signal?: AbortSignal;
  retry?: Partial<RetryPolicy>;
}

/**
 * A sandbox by its id, `[a-z0-9][a-z0-9-]{0,62}`; throws `INVALID_REQUEST` for another one. Settings that are given
 * are told to the sandbox before the first call.
 *
 * @example
 * import { getSandbox, proxyToSandbox } from 'holdfast/cloudflare';
 * export { ContainerProxy, Sandbox } from 'holdfast/cloudflare';
 *
 * export default {
 *   async fetch(request, env) {
 *     const preview = await proxyToSandbox(request, env);
 *     if (preview) return preview;
 *     const { stdout } = await getSandbox(env.Sandbox, 'user-123').exec('uname -a');
 *     return new Response(stdout);
 *   },
 * };
 */
export function getSandbox<Id>(
  namespace: SandboxNamespace<Id>,
  id: string,
  { sleepAfter, keepAlive, normalizeId, signal, retry }: SandboxOptions = {},
): ISandbox {
  const name = sandboxName(normalizeId ? id.toLowerCase() : id);
  const settings: PatchSandboxRequest = {
    ...(sleepAfter === undefined ? {} : { sleepAfter }),
    ...(keepAlive === undefined ? {} : { keepAlive }),
  };
  const straight = durableObjectTransport(namespace, name);
  const transport = Object.keys(settings).length === 0 ? straight : configured(straight, settings);
  const connection = new Connection(transport, retryPolicy(retry), signal);
  return new ISandbox(new DurableSandbox(connection, name));
}

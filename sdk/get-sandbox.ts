// A sandbox inside the Worker that embeds the Durable Object class: no HTTP, no key.
import { Connection } from './connection/connection.ts';
import { type RetryPolicy, retryPolicy } from './connection/retry-policy.ts';
import { DurableSandbox } from './durable-sandbox.ts';
import { sandboxName } from './sandbox-name.ts';
import { durableObjectTransport, type SandboxNamespace } from './transport/durable-object.ts';

/**
 * A sandbox by its name, `[a-z0-9][a-z0-9-]{0,62}`, for a Worker that binds the Durable Object class
 * itself. Throws `INVALID_REQUEST` for another name.
 *
 * There is no key on this way: whoever your Worker lets in may run commands.
 *
 * @example
 * import { getSandbox } from 'holdfast';
 * export { ContainerProxy, Sandbox } from 'holdfast/worker';
 *
 * export default {
 *   async fetch(request, env) {
 *     const { stdout } = await getSandbox(env.SANDBOX, 'agent-7').exec('uname -a');
 *     return new Response(stdout);
 *   },
 * };
 */
export function getSandbox<Id>(
  namespace: SandboxNamespace<Id>,
  id: string,
  { retry }: { retry?: Partial<RetryPolicy> } = {},
): DurableSandbox {
  const transport = durableObjectTransport(namespace, sandboxName(id));
  return new DurableSandbox(new Connection(transport, retryPolicy(retry)), id);
}

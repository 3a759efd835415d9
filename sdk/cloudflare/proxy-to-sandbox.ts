// Preview URLs in a Worker whose binding has the name that `@cloudflare/sandbox` asks for.
import { proxyToSandbox as proxy } from '../proxy-to-sandbox.ts';
import type { SandboxNamespace } from '../transport/durable-object.ts';

/** The binding is `Sandbox` or `SANDBOX`. */
export type SandboxEnv<Id> = { HOLDFAST_PREVIEW_HOST?: string } & (
  | { Sandbox: SandboxNamespace<Id> }
  | { SANDBOX: SandboxNamespace<Id> }
);

/**
 * The answer to a request for a preview URL, a WebSocket too; null for any other request.
 *
 * @example
 * const preview = await proxyToSandbox(request, env);
 * if (preview) return preview;
 */
export function proxyToSandbox<Id>(request: Request, env: SandboxEnv<Id>): Promise<Response | null> {
  const { HOLDFAST_PREVIEW_HOST: host } = env;
  const SANDBOX = 'Sandbox' in env ? env.Sandbox : env.SANDBOX;
  return proxy(request, { SANDBOX, ...(host === undefined ? {} : { HOLDFAST_PREVIEW_HOST: host }) });
}

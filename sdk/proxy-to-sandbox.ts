// Preview URLs in a Worker that embeds the Durable Object class: the first thing that its fetch asks.
import { noPreview, PORT_ERROR_HEADER, previewedRequest, previewOf, wasNeverUsed } from './protocol/index.ts';
import type { SandboxNamespace } from './transport/durable-object.ts';

/** What is needed of a Worker's environment: the binding, and the host of previews where one is set. */
export interface PreviewEnv<Id> {
  SANDBOX: SandboxNamespace<Id>;
  /** Every name below it is a preview's; without it every host is that begins as one does. */
  HOLDFAST_PREVIEW_HOST?: string;
}

/**
 * The answer to a request for a preview URL, a WebSocket too; null for any other request. A link that is wrong, has
 * expired or was revoked is answered with 404.
 *
 * @example
 * export default {
 *   async fetch(request, env) {
 *     const answer = await proxyToSandbox(request, env);
 *     return answer ?? new Response('my own pages');
 *   },
 * };
 */
export async function proxyToSandbox<Id>(request: Request, env: PreviewEnv<Id>): Promise<Response | null> {
  const target = previewOf(new URL(request.url).hostname, env.HOLDFAST_PREVIEW_HOST);
  if (target === undefined) return null;
  if (target === null) return nowhere();
  const namespace = env.SANDBOX;
  try {
    const [url, init] = previewedRequest(request, target);
    return await namespace.get(namespace.idFromName(target.sandbox)).fetch(url, init);
  } catch (error) {
    if (wasNeverUsed(error)) return nowhere();
    throw error;
  }
}

function nowhere(): Response {
  const error = noPreview();
  const headers = { [PORT_ERROR_HEADER]: error.code };
  return Response.json(error.toBody(crypto.randomUUID()), { status: error.status, headers });
}

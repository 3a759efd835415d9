// Sends a checked request on to its sandbox's Durable Object, under the same URL, without the caller's credentials.
import type { Context } from 'hono';
import { HoldfastError, parseAs, SandboxName, splitProtocols } from '#protocol';
import type { AppEnv } from '../app.ts';
import { type Access, authorize } from '../auth/authorize.ts';

/** Headers that end here: credentials are the Worker's, and the length is that of the body as it is sent on. */
const DROPPED = [
  'authorization',
  'x-execd-access-token',
  'cookie',
  'content-length',
  'x-request-id',
  'x-holdfast-front',
];

/** The sandbox that the path names, if the caller may do this to it. Throws INVALID_REQUEST or FORBIDDEN. */
export function admit(c: Context<AppEnv>, access: Access): string {
  const sandbox = parseAs(SandboxName, c.req.param('sandbox'), 'sandbox');
  authorize(c.get('caller'), sandbox, access);
  return sandbox;
}

/** Asks the Durable Object. `rest` is the path below the sandbox; `extra` headers go along; the answer's body passes as it comes. */
export async function forward(
  c: Context<AppEnv>,
  sandbox: string,
  rest: string,
  body?: BodyInit | null,
  extra: Record<string, string> = {},
): Promise<Response> {
  const url = new URL(c.req.url);
  url.pathname = `/v1/sandboxes/${sandbox}${rest}`;
  const headers = new Headers(c.req.raw.headers);
  for (const name of DROPPED) headers.delete(name);
  const { others } = splitProtocols(headers.get('sec-websocket-protocol'));
  if (others === null) headers.delete('sec-websocket-protocol');
  else headers.set('sec-websocket-protocol', others);
  headers.set('x-request-id', c.get('requestId'));
  for (const [name, value] of Object.entries(extra)) headers.set(name, value);
  const { method } = c.req.raw;
  try {
    // What a server in the sandbox redirects to is its client's to follow.
    const init = { method, headers, body, redirect: 'manual' } as const;
    return await c.env.SANDBOX.getByName(sandbox).fetch(url.href, init);
  } catch (error) {
    throw asUnavailable(error);
  }
}

/** What a Durable Object's `fetch` throws is the runtime's, which marks what is worth a repeat. */
export function asUnavailable(error: unknown): unknown {
  const { overloaded, retryable, durableObjectReset } = error as Record<string, unknown>;
  // It was not let in, so nothing was begun.
  if (overloaded) {
    return new HoldfastError('CONTAINER_UNAVAILABLE', 'The sandbox is overloaded; try again.', {
      cause: error,
    });
  }
  if (!retryable && !durableObjectReset) return error;
  return new HoldfastError(
    'CONNECTION_FAILED',
    'The sandbox was moved or reset during this request; whether it was carried out is not known.',
    { cause: error },
  );
}

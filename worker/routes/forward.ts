// Sends a checked request on to its sandbox's Durable Object, under the same URL, without the caller's credentials.
import type { Context } from 'hono';
import { HoldfastError, SandboxName } from '#protocol';
import type { AppEnv } from '../app.ts';
import { type Access, authorize } from '../auth/authorize.ts';
import { parse } from '../http/parse-body.ts';

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
  const sandbox = parse(SandboxName, c.req.param('sandbox'), 'sandbox');
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
  headers.set('x-request-id', c.get('requestId'));
  for (const [name, value] of Object.entries(extra)) headers.set(name, value);
  const { method } = c.req.raw;
  try {
    return await c.env.SANDBOX.getByName(sandbox).fetch(url.href, { method, headers, body });
  } catch (error) {
    throw asUnavailable(error);
  }
}

/** The runtime marks what is worth a repeat: a Durable Object that was reset, moved or is overloaded. */
function asUnavailable(error: unknown): unknown {
  const marks = error as { retryable?: boolean; overloaded?: boolean; durableObjectReset?: boolean };
  if (!marks.retryable && !marks.overloaded && !marks.durableObjectReset) return error;
  return new HoldfastError('CONTAINER_UNAVAILABLE', 'The sandbox was interrupted; try again.', {
    cause: error,
  });
}

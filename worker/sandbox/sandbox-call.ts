// A request to the Durable Object, taken apart once.
import { sandboxPath } from '../http/sandbox-path.ts';

export interface SandboxCall {
  request: Request;
  /** The Worker's, or a new one for who asks the Durable Object directly. */
  requestId: string;
  /** The path below the sandbox; empty for the sandbox itself. */
  rest: string;
  /** The query with its question mark, or empty. */
  search: string;
}

export function sandboxCall(request: Request): SandboxCall {
  const { pathname, search } = new URL(request.url);
  const below = sandboxPath(pathname)?.rest ?? pathname;
  return {
    request,
    requestId: request.headers.get('x-request-id') ?? crypto.randomUUID(),
    rest: below === '/' ? '' : below,
    search,
  };
}

// The engine's routes: Hono's router over Node's own requests and responses. Its application would wrap each request in
// the web's `Request`, whose implementation costs an idle engine a fifth of its memory and its start a quarter.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TrieRouter } from 'hono/router/trie-router';

/** An answer whose body is at hand. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: string | null;
}

/** Undefined where the answer is written to Node's response. */
export type Answer = Reply | undefined;

type Handler = (c: EngineContext) => Answer | Promise<Answer>;
type Check = (c: EngineContext) => void;

/** How long what is left of a refused body is read and thrown away. */
const DISCARD_MS = 5_000;

/** One request, and the ways to answer it. */
export class EngineContext {
  readonly env: { incoming: IncomingMessage; outgoing: ServerResponse };
  readonly #params: Record<string, string>;
  #search: URLSearchParams | undefined;

  constructor(incoming: IncomingMessage, outgoing: ServerResponse, params: Record<string, string>) {
    this.env = { incoming, outgoing };
    this.#params = params;
  }

  /** A part of the path, decoded. */
  param(name: string): string | undefined {
    const value = this.#params[name];
    return value?.includes('%') ? decoded(value) : value;
  }

  query(name: string): string | undefined {
    return this.search.get(name) ?? undefined;
  }

  get search(): URLSearchParams {
    const url = this.env.incoming.url!;
    const at = url.indexOf('?');
    this.#search ??= new URLSearchParams(at < 0 ? '' : url.slice(at));
    return this.#search;
  }

  json(value: unknown, status = 200, headers: Record<string, string> = {}): Reply {
    return {
      status,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(value),
    };
  }

  body(body: string | null, status = 200, headers: Record<string, string> = {}): Reply {
    return { status, headers, body };
  }
}

export class Routes {
  readonly #router = new TrieRouter<Handler>();
  readonly #mounted = new Map<string, Routes>();
  readonly #checks: Check[] = [];
  #notFound: Handler = (c) => c.body(null, 404);
  #onError: (error: unknown, c: EngineContext) => Reply = (_, c) => c.body(null, 500);

  get(path: string, handler: Handler): void {
    this.#add('GET', path, handler);
  }

  post(path: string, handler: Handler): void {
    this.#add('POST', path, handler);
  }

  put(path: string, handler: Handler): void {
    this.#add('PUT', path, handler);
  }

  delete(path: string, handler: Handler): void {
    this.#add('DELETE', path, handler);
  }

  /** Before every route that is added afterwards, and before what is not found: throws to refuse. */
  use(check: Check): void {
    this.#checks.push(check);
  }

  /** All that is below `prefix` is the other's. */
  mount(prefix: string, routes: Routes): void {
    this.#mounted.set(prefix, routes);
  }

  notFound(handler: Handler): void {
    this.#notFound = handler;
  }

  onError(handler: (error: unknown, c: EngineContext) => Reply): void {
    this.#onError = handler;
  }

  async handle(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    path = pathOf(incoming.url!),
  ): Promise<void> {
    for (const [prefix, routes] of this.#mounted) {
      if (path.startsWith(`${prefix}/`))
        return await routes.handle(incoming, outgoing, path.slice(prefix.length));
    }
    // What is asked for by HEAD is answered as by GET; Node leaves the body out.
    const method = incoming.method === 'HEAD' ? 'GET' : incoming.method!;
    const [handler = this.#guarded(this.#notFound), params = {}] =
      this.#router.match(method, path)[0][0] ?? [];
    const c = new EngineContext(incoming, outgoing, params as Record<string, string>);
    try {
      send(await handler(c), outgoing);
    } catch (error) {
      send(this.#onError(error, c), outgoing);
    } finally {
      discardRest(incoming);
    }
  }

  #add(method: string, path: string, handler: Handler): void {
    this.#router.add(method, path, this.#guarded(handler));
  }

  #guarded(handler: Handler): Handler {
    const checks = [...this.#checks];
    if (checks.length === 0) return handler;
    return (c) => {
      for (const check of checks) check(c);
      return handler(c);
    };
  }
}

function send(answer: Answer, outgoing: ServerResponse): void {
  if (!answer || outgoing.destroyed) return;
  if (outgoing.headersSent) {
    outgoing.destroy();
    return;
  }
  const { status, headers, body } = answer;
  const length = status === 204 ? {} : { 'content-length': String(Buffer.byteLength(body ?? '')) };
  outgoing.writeHead(status, { ...length, ...headers });
  outgoing.end(body ?? undefined);
}

/** A client that still sends hears the answer, and may use its connection again, if it comes to its end soon. */
function discardRest(incoming: IncomingMessage): void {
  if (incoming.complete || incoming.destroyed) return;
  const timer = setTimeout(() => incoming.destroy(), DISCARD_MS).unref();
  incoming.once('close', () => clearTimeout(timer));
  incoming.resume();
}

/** Of a target in origin form; clients of proxies send the whole URL (RFC 9112, section 3.2.2). */
function pathOf(url: string): string {
  if (!url.startsWith('/')) return URL.canParse(url) ? new URL(url).pathname : '/';
  const at = url.indexOf('?');
  return at < 0 ? url : url.slice(0, at);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // no name of anything here
  }
}

// A Worker that uses the SDK in each of the ways that a Worker can: by URL, by service binding, and
// as the embedder of a Durable Object class. What to do comes in the query.

import type { Fetcher, SandboxNamespace } from '../../../sdk/index.ts';
import { connectEngine, getSandbox, Holdfast, type Sandbox } from '../../../sdk/index.ts';
import { collect } from '../harness/collect.ts';

interface Env {
  /** The server that the test runs. */
  BACKEND: string;
  SANDBOX: SandboxNamespace<unknown>;
  HOLDFAST: Fetcher;
}

/** Stands where the real Durable Object does: passes requests on, and the bytes of answers back. */
export class SandboxObject {
  readonly #env: Env;
  constructor(_state: unknown, env: Env) {
    this.#env = env;
  }
  fetch(request: Request): Promise<Response> {
    return fetch(request.url.replace('http://sandbox', this.#env.BACKEND), request);
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    // Reached through the service binding, this is the Worker that others call.
    const [, forwarded] = pathname.match(/^\/v1\/sandboxes\/s1(\/.*)$/) ?? [];
    if (forwarded) return fetch(env.BACKEND + forwarded + new URL(request.url).search, request);
    const sandbox = reached(searchParams.get('way'), env);
    switch (pathname) {
      case '/exec':
        return Response.json(await sandbox.exec('x', { id: 'c1', stdin: new Uint8Array([0, 255]) }));
      case '/stream':
        return Response.json(await collect(sandbox.execStream('x')));
      case '/abort':
        return new Response(await abortAfterFirst(sandbox));
      default: {
        for await (const event of sandbox.execStream('x')) return Response.json(event);
        return new Response('no event', { status: 500 });
      }
    }
  },
};

function reached(way: string | null, env: Env): Sandbox {
  const retry = { firstDelayMs: 1 };
  if (way === 'url') return connectEngine(env.BACKEND, { retry });
  if (way === 'binding') return new Holdfast({ binding: env.HOLDFAST, apiKey: 'k', retry }).sandbox('s1');
  return getSandbox(env.SANDBOX, 's1', { retry });
}

async function abortAfterFirst(sandbox: Sandbox): Promise<string> {
  const leaving = new AbortController();
  const stream = sandbox.execStream('x', { signal: leaving.signal });
  await stream.next();
  const waiting = stream.next();
  leaving.abort(new Error('enough'));
  return waiting.then(
    () => 'went on',
    (error: Error) => error.message,
  );
}

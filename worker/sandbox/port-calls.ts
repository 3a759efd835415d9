// The way of a request to a server in the sandbox: counted as activity until its answer is over, never tried twice
// where that could do harm, and handed on untouched both ways. A WebSocket passes as it is; the engine counts those.
import {
  FORWARDED_HEADER,
  Forwarded,
  forwardedOf,
  HoldfastError,
  PORT_AUTHORIZATION_HEADER,
  type RevokedPreviews,
} from '#protocol';
import type { Store } from '../store/store.ts';
import type { Activity } from './activity.ts';
import type { Engine } from './engine.ts';
import type { OpenCalls } from './open-calls.ts';
import { passThrough } from './pass-through.ts';
import type { SandboxCall } from './sandbox-call.ts';

export interface PortCallsOptions {
  engine: Engine;
  store: Store;
  activity: Activity;
  calls: OpenCalls;
}

export interface Terms {
  /** The engine's path with the query: `/ports/3000/index.html?x`. */
  path: string;
  /** Whether a sandbox that sleeps is woken. */
  wakes: boolean;
  /** Whose link it was. */
  preview?: Forwarded['preview'];
}

/** For an engine that lives this is a moment. */
const CUT_MS = 5_000;
/** They mean the same however often they come (RFC 9110, section 9.2.1). */
const SAFE = ['GET', 'HEAD', 'OPTIONS'];

export class PortCalls {
  readonly #options: PortCallsOptions;

  constructor(options: PortCallsOptions) {
    this.#options = options;
  }

  /** @throws PORT_NOT_LISTENING where the sandbox sleeps and is to go on sleeping; CONNECTION_FAILED */
  async forward(call: SandboxCall, { path, wakes, preview }: Terms): Promise<Response> {
    const { activity, calls, engine, store } = this.#options;
    const { request, requestId } = call;
    if (!wakes && !engine.awake) throw asleep();
    const signal = calls.begin(requestId, request.signal);
    const release = activity.begin();
    const leave = () => {
      calls.end(requestId);
      release();
    };
    try {
      store.record.touch(new Date());
      const answer = await this.#ask(path, { ...headersFor(call, preview), signal });
      if (!answer.webSocket) return passThrough(answer, leave);
      leave();
      const { status, headers, webSocket } = answer;
      return new Response(null, { status, headers, webSocket });
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Ends what is open because of these previews. */
  async cut(previews: string[]): Promise<void> {
    const { engine } = this.#options;
    if (!engine.awake) return;
    const body = JSON.stringify({ ids: previews } satisfies RevokedPreviews);
    try {
      const signal = AbortSignal.timeout(CUT_MS);
      await (await engine.fetch('/revoked', { method: 'POST', body, signal })).body?.cancel();
    } catch (error) {
      // Nobody is let in any more; who was inside may stay until the engine's connections end.
      console.error('what is open through revoked previews could not be ended:', error);
    }
  }

  async #ask(path: string, init: Asked): Promise<Response> {
    const { engine } = this.#options;
    await engine.ready();
    const { generation } = engine;
    try {
      return await engine.fetch(path, init);
    } catch (error) {
      init.signal.throwIfAborted();
      const mayRepeat = SAFE.includes(init.method) && !init.body;
      if (!(await engine.recovers(generation)) || !mayRepeat) throw cut(error);
      return await engine.fetch(path, init).catch((again) => Promise.reject(cut(again)));
    }
  }
}

interface Asked {
  method: string;
  headers: Headers;
  body: BodyInit | null;
  signal: AbortSignal;
}

/** What the server is to get. `Authorization` is the engine's on this way, so the server's own goes beside it. */
function headersFor(
  { request, requestId }: SandboxCall,
  preview: Forwarded['preview'],
): Omit<Asked, 'signal'> {
  const headers = new Headers(request.headers);
  const authorization = headers.get('authorization');
  if (authorization !== null) headers.set(PORT_AUTHORIZATION_HEADER, authorization);
  headers.set('x-request-id', requestId);
  // Not there where the Durable Object itself is asked.
  const forwarded = toldForwarded(headers) ?? forwardedOf(request);
  headers.set(FORWARDED_HEADER, JSON.stringify({ ...forwarded, preview }));
  return { method: request.method, headers, body: request.body };
}

function toldForwarded(headers: Headers): Forwarded | undefined {
  try {
    return Forwarded.parse(JSON.parse(headers.get(FORWARDED_HEADER) ?? ''));
  } catch {
    return undefined; // no word of the Worker's
  }
}

const asleep = () =>
  new HoldfastError(
    'PORT_NOT_LISTENING',
    'The sandbox sleeps, so nothing listens in it; start the server again.',
  );

const cut = (cause: unknown) =>
  new HoldfastError(
    'CONNECTION_FAILED',
    'The engine ended during this request; whether the server got it is not known.',
    { cause },
  );

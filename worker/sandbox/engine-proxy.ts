// The way of a call through to the engine: it counts as activity until its answer is over, wakes the
// container, carries the client's departure on, and has the history pulled after what may have changed it.
import { HoldfastError } from '#protocol';
import type { Store } from '../store/store.ts';
import type { Activity } from './activity.ts';
import type { Engine } from './engine.ts';
import type { HistoryPull } from './history-pull.ts';
import { OpenCalls } from './open-calls.ts';
import { passThrough } from './pass-through.ts';
import type { SandboxCall } from './sandbox-call.ts';
import { withSessionDefaults } from './session-defaults.ts';

export class EngineProxy {
  readonly #engine: Engine;
  readonly #store: Store;
  readonly #activity: Activity;
  readonly #history: HistoryPull;
  readonly #calls = new OpenCalls();

  constructor(engine: Engine, store: Store, activity: Activity, history: HistoryPull) {
    this.#engine = engine;
    this.#store = store;
    this.#activity = activity;
    this.#history = history;
  }

  /** @throws CONTAINER_UNAVAILABLE when the container does not come up, or ends before it answers. */
  async forward(call: SandboxCall): Promise<Response> {
    const { request, requestId, rest } = call;
    const signal = this.#calls.begin(requestId, request.signal);
    const release = this.#activity.begin();
    const leave = () => {
      this.#calls.end(requestId);
      release();
    };
    try {
      this.#store.record.touch(new Date());
      await this.#engine.ready();
      const answer = await this.#ask(call, signal);
      return passThrough(answer, () => {
        leave();
        if (request.method !== 'GET' || rest.endsWith('/events')) this.#history.soon();
      });
    } catch (error) {
      leave();
      if (error instanceof HoldfastError) throw error;
      if (!signal.aborted) console.error('the engine could not be reached:', error);
      throw new HoldfastError('CONTAINER_UNAVAILABLE', 'The container ended during this request; try again.');
    }
  }

  /** Ends the call with this id, because its client left. */
  departed(requestId: string): void {
    this.#calls.departed(requestId);
  }

  async #ask({ request, requestId, rest, search }: SandboxCall, signal: AbortSignal): Promise<Response> {
    const { method } = request;
    const headers = new Headers(request.headers);
    headers.set('x-request-id', requestId);
    const creates = method === 'POST' && rest === '/sessions';
    const body = creates
      ? await withSessionDefaults(request, this.#store.record.settings().env)
      : request.body;
    return this.#engine.fetch(rest + search, { method, headers, body, signal });
  }
}

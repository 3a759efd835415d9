// Calls about sessions, as far as storage has a part in them: it knows those that a container left behind and the
// next use brings back. Looking at them, and deleting one, wakes nothing.
import { HoldfastError, LIMITS, type SessionInfo, type SessionList } from '#protocol';
import type { Store } from '../store/store.ts';
import type { Engine } from './engine.ts';
import type { EngineProxy } from './engine-proxy.ts';
import type { SandboxCall } from './sandbox-call.ts';
import type { SessionRestore } from './session-restore.ts';

const ONE = /^\/(sessions?)\/([^/]+)(\/interrupt)?$/;
/** Where there is no room for a new session, one that was not used for so long makes it. */
const LONG_UNUSED_MS = 7 * 24 * 3_600_000;

export interface SessionCallsOptions {
  engine: Engine;
  store: Store;
  proxy: EngineProxy;
  restore: SessionRestore;
}

export class SessionCalls {
  readonly #options: SessionCallsOptions;

  constructor(options: SessionCallsOptions) {
    this.#options = options;
  }

  /** The answer, if this is a call of the kind; undefined sends it on to the engine. */
  async answer(call: SandboxCall): Promise<Response | undefined> {
    const { method } = call.request;
    const { rest } = call;
    if (method === 'GET' && rest === '/sessions') return await this.#list(call);
    if (method === 'POST' && (rest === '/sessions' || rest === '/session')) return void this.#assertRoom();
    const [, , encoded, part] = ONE.exec(rest) ?? [];
    if (encoded === undefined) return undefined;
    const id = decodeURIComponent(encoded);
    if (method === 'DELETE' && !part) return await this.#delete(call, id);
    const left = this.#left(id);
    if (method === 'GET' && !part) return left ? Response.json(left) : undefined;
    // Nothing runs in a session that is still to come back.
    return part && left ? Response.json({ commandId: null }) : undefined;
  }

  async #list(call: SandboxCall): Promise<Response | undefined> {
    const { engine, store, proxy } = this.#options;
    const wakes = engine.generation === 0;
    const answer = await proxy.forward(call, { wakes });
    if (!answer) return Response.json({ sessions: store.sessions.list(engine.generation + 1) });
    if (!answer.ok) return answer;
    const { sessions } = await answer.json<SessionList>();
    // The engine has a `default` of its own until the one that is stored is brought back.
    const left = store.sessions.kept().filter(({ id }) => this.#left(id));
    const ids = new Set(left.map(({ id }) => id));
    const all = [...sessions.filter(({ id }) => !ids.has(id)), ...left.map(({ id }) => this.#left(id)!)];
    return Response.json({ sessions: all });
  }

  async #delete(call: SandboxCall, id: string): Promise<Response | undefined> {
    const { engine, store, proxy, restore } = this.#options;
    await restore.settled(id);
    const left = this.#left(id);
    // At once, so that no container which is lost now brings it back.
    store.removeSession(id);
    if (left) return deleted(call.rest);
    if (engine.generation > 0 && !engine.running) throw unknown(id);
    const answer = await proxy.forward(call, { wakes: true });
    if (answer?.ok) store.removeSession(id);
    return answer;
  }

  /** The session if it lived in an earlier generation and has not come back. */
  #left(id: string): SessionInfo | undefined {
    const { engine, store } = this.#options;
    return store.sessions.left(id, engine.running ? engine.generation : engine.generation + 1);
  }

  /** Sessions that are still to come back take part in the limit, so that all of them can. */
  #assertRoom(): void {
    const { store } = this.#options;
    const kept = store.sessions.kept();
    if (kept.length < LIMITS.sessions) return;
    const before = new Date(Date.now() - LONG_UNUSED_MS).toISOString();
    const [oldest] = kept
      .filter(({ id, lastUsedAt }) => lastUsedAt < before && this.#left(id))
      .sort((a, b) => (a.lastUsedAt < b.lastUsedAt ? -1 : 1));
    if (!oldest) {
      throw new HoldfastError(
        'TOO_MANY_SESSIONS',
        `A sandbox has at most ${LIMITS.sessions} sessions; delete one.`,
      );
    }
    store.removeSession(oldest.id);
  }
}

function unknown(id: string): HoldfastError {
  return new HoldfastError('SESSION_NOT_FOUND', `There is no session ${id}; make it with POST /sessions.`);
}

/** OpenSandbox's clients want an empty 200 with its length, which needs a type to keep it. */
function deleted(rest: string): Response {
  if (rest.startsWith('/sessions/')) return new Response(null, { status: 204 });
  const headers = { 'content-length': '0', 'content-type': 'application/octet-stream' };
  return new Response(null, { status: 200, headers });
}

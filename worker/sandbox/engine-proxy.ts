// The way of a call through to the engine: it counts as activity until its answer is over, wakes the container,
// carries the client's departure on, and has the history pulled after what may have changed it. Where the engine
// died on the way it is sent again, if that does no harm, and its answer gone on with.
import { errorCode, HoldfastError } from '#protocol';
import type { Store } from '../store/store.ts';
import type { Activity } from './activity.ts';
import { continued } from './continued.ts';
import type { Engine } from './engine.ts';
import type { HistoryPull } from './history-pull.ts';
import { type IdUse, IdUses } from './id-uses.ts';
import { noteAnswer } from './note-answer.ts';
import type { OpenCalls } from './open-calls.ts';
import { type Outgoing, outgoing } from './outgoing.ts';
import { passThrough } from './pass-through.ts';
import { answerRepeat } from './repeated-start.ts';
import type { SandboxCall } from './sandbox-call.ts';
import type { SandboxSecrets } from './sandbox-secrets.ts';
import type { SessionRestore } from './session-restore.ts';
import { inOnePiece } from './small-answer.ts';

/** How long one call is tried again. */
const TRIES_MS = 45_000;
/** Between tries where nothing else was waited for. */
const PAUSE_MS = 50;

export interface EngineProxyOptions {
  engine: Engine;
  store: Store;
  activity: Activity;
  history: HistoryPull;
  restore: SessionRestore;
  calls: OpenCalls;
  secrets: SandboxSecrets;
}

interface Terms {
  /** Of the sandbox, when the call came. */
  life: number;
  signal: AbortSignal;
  wakes: boolean;
}

/** The engine's answer, and the generation that gave it; none where storage answered. */
interface Reached {
  answer: Response;
  generation?: number;
  /** All of it is here, so nobody has to see its end. */
  inMemory?: boolean;
}

export class EngineProxy {
  readonly #options: EngineProxyOptions;
  readonly #calls: OpenCalls;
  readonly #uses: IdUses;
  /** Counts the ends of the sandbox: a call that began before one goes on to no other sandbox. */
  #lives = 0;

  constructor(options: EngineProxyOptions) {
    this.#options = options;
    this.#calls = options.calls;
    this.#uses = new IdUses(options.store.ids);
  }

  /**
   * Undefined where the call would have to wake the container and must not.
   *
   * @throws CONTAINER_UNAVAILABLE when the container does not come up; COMMAND_LOST when it ended with a command
   *   that may have begun; CONNECTION_FAILED when the engine died over a call that must not be sent twice.
   */
  forward(call: SandboxCall): Promise<Response>;
  forward(call: SandboxCall, options: { wakes: boolean }): Promise<Response | undefined>;
  async forward(call: SandboxCall, { wakes } = { wakes: true }): Promise<Response | undefined> {
    const { request, requestId, rest } = call;
    const { store, activity, history } = this.#options;
    const life = this.#lives;
    const signal = this.#calls.begin(requestId, request.signal);
    const release = activity.begin();
    const leave = () => {
      this.#calls.end(requestId);
      release();
    };
    try {
      const out = await outgoing(call, store.record.settings().env);
      const reached = await this.#reach(out, { life, signal, wakes });
      if (!reached) return void leave();
      const { answer, generation, inMemory } = reached;
      // Handed on as it is, its bytes pass without us; the engine counts who watches.
      if (answer.webSocket) {
        leave();
        return answer;
      }
      const over = () => {
        leave();
        if (request.method !== 'GET' || rest.endsWith('/events')) history.soon();
      };
      if (generation === undefined) return passThrough(answer, leave);
      if (inMemory) {
        over();
        return answer;
      }
      const long = continued({ out, answer, generation, signal }, this.#options, over);
      // What takes long is told of while it runs, so that it is known if its container is lost.
      if (long && out.start) history.soon();
      return long ?? passThrough(answer, over);
    } catch (error) {
      leave();
      if (error instanceof HoldfastError) throw error;
      if (!signal.aborted) console.error('the engine could not be reached:', error);
      throw unavailable();
    }
  }

  /** The sandbox is deleted: what is under way to it is not sent again. */
  removed(): void {
    this.#lives += 1;
  }

  async #reach(out: Outgoing, { life, signal, wakes }: Terms): Promise<Reached | undefined> {
    const { engine, store, restore, secrets } = this.#options;
    const end = Date.now() + TRIES_MS;
    /** An earlier try may have been carried out. */
    let again = false;
    const existed =
      out.newEnv !== undefined && out.session !== undefined && store.sessions.get(out.session) !== undefined;
    for (;;) {
      if (this.#lives !== life) throw new HoldfastError('CONTAINER_UNAVAILABLE', 'The sandbox was deleted.');
      const asked = this.#soonest();
      const stored = await this.#fromStorage(out, asked);
      if (stored) return { answer: stored };
      if (!wakes && !engine.awake) return undefined;
      store.record.touch(new Date());
      await engine.ready();
      const { generation } = engine;
      const isThis = () => engine.awake && engine.generation === generation && this.#lives === life;
      let sent = false;
      let use: IdUse | undefined;
      try {
        if (out.session !== undefined) await restore.ensure(out.session);
        if ((generation !== asked && (await this.#fromStorage(out, generation))) || !isThis()) continue;
        use = out.start && this.#uses.begin(out.start, generation);
        sent = true;
        const { path, method, headers, body } = out;
        const came = await engine.fetch(path, { method, headers, body, signal });
        const small = await inOnePiece(came);
        const answer = small ?? came;
        if (!(await isDraining(answer)) || Date.now() > end) {
          use?.mayHaveRun();
          const freesId = use?.wasFree === true && !again;
          const now = { store, engine, secrets, generation, again, existed, freesId };
          const noted = await noteAnswer(out, answer, now);
          return { answer: noted, generation, inMemory: noted === small };
        }
        // It drains: nothing was begun, and the next generation takes it.
        sent = false;
        use?.neverSent();
        await answer.body?.cancel();
        await engine.drains(generation);
      } catch (error) {
        sent &&= !wasNeverSent(error);
        if (sent) use?.mayHaveRun();
        else use?.neverSent();
        signal.throwIfAborted();
        const drains = errorCode(error) === 'CONTAINER_UNAVAILABLE';
        if (errorCode(error) && !drains) throw error;
        again ||= sent;
        const back = drains ? await engine.drains(generation) : await engine.recovers(generation);
        if (sent && !back && out.start) throw lost();
        if (sent && !out.repeatable) throw back ? cut() : unavailable();
        if (out.body instanceof ReadableStream || Date.now() > end) throw back ? cut() : unavailable();
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }

  /** The generation that a call which came now would go to. */
  #soonest(): number {
    const { engine } = this.#options;
    return engine.running ? engine.generation : engine.generation + 1;
  }

  async #fromStorage({ start }: Outgoing, current: number): Promise<Response | undefined> {
    return start && (await answerRepeat(this.#options.store, start, current));
  }
}

/** An engine that drains takes nothing new; it answers 503 for other reasons too. */
async function isDraining(answer: Response): Promise<boolean> {
  if (answer.status !== 503) return false;
  const told = (await answer.clone().json()) as { error?: unknown };
  return errorCode(told.error) === 'CONTAINER_UNAVAILABLE';
}

/** What the platform says where nothing listens: the request did not leave. */
function wasNeverSent(error: unknown): boolean {
  return error instanceof Error && /not listening|not running/.test(error.message);
}

const unavailable = () =>
  new HoldfastError('CONTAINER_UNAVAILABLE', 'The container ended during this request; try again.');

const lost = () =>
  new HoldfastError(
    'COMMAND_LOST',
    'The container ended during this request; whether the command ran is not known.',
  );

const cut = () =>
  new HoldfastError(
    'CONNECTION_FAILED',
    'The engine ended during this request; whether it was carried out is not known.',
  );

// The engine in the container, as its Durable Object sees it: started when it is needed, once for all who wait.
// One that died in a living container comes back by itself, with all it knew; it is waited for.
import { type EngineHealth, HoldfastError } from '#protocol';
import type { Store } from '../store/store.ts';
import { until } from './until.ts';
import { within } from './within.ts';

/** Where the engine listens inside the container: its default, so that no command finds a PORT in its environment. */
export const ENGINE_PORT = 8080;
/** How long a request waits for the container; it goes on coming up behind the answer. */
const PATIENCE_MS = 20_000;
/**
 * How long one attempt goes on behind the answers, before the next request begins another. A container whose engine
 * is silent for as long is given up.
 */
const ATTEMPT_MS = 60_000;
const PROBE_TIMEOUT_MS = 2_000;
const ANSWER_MS = 10_000;
/** How long an engine that died in a living container is waited for; a supervisor starts it within a second. */
const RECOVERY_MS = 10_000;
/**
 * An engine that was silent for longer is asked whether it is there, before it is given what must run once: of a
 * request that found nobody the runtime does not always say that it was never read.
 */
const FRESH_MS = 100;
/** From SIGTERM to the end of the container: the engine drains in less. */
const DRAIN_MS = 20_000;

/** Starts the container with this environment and returns when it was accepted; retries are its own. */
export type StartContainer = (env: Record<string, string>, port: number) => Promise<void>;

type Probe = 'up' | 'silent' | 'foreign';

export class Engine {
  readonly #container: Container;
  readonly #store: Store;
  readonly #start: StartContainer;
  readonly #prepare: (engine: Engine) => Promise<void>;
  #starting: Promise<void> | undefined;
  #probing: Promise<Probe> | undefined;
  #answered = false;
  #answeredAt = 0;
  #stopping = false;

  /** `prepare` is called each time an engine has come up, before anything else is asked of it. */
  constructor(
    container: Container,
    store: Store,
    start: StartContainer,
    prepare: (engine: Engine) => Promise<void>,
  ) {
    this.#prepare = prepare;
    this.#container = container;
    this.#store = store;
    this.#start = start;
  }

  get running(): boolean {
    return this.#container.running;
  }

  /** It runs and was not told to end: it may be asked what it knows. */
  get awake(): boolean {
    return this.running && !this.#stopping;
  }

  /** The number of the current start. */
  get generation(): number {
    return this.#store.record.engine().generation;
  }

  /** Asks the engine, with its token. `path` begins with a slash and holds the query. It must be running. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${this.#store.record.engine().token}`);
    const answer = await this.#container
      .getTcpPort(ENGINE_PORT)
      .fetch(`http://localhost:${ENGINE_PORT}${path}`, {
        redirect: 'manual',
        ...init,
        headers,
      });
    this.#answeredAt = Date.now();
    return answer;
  }

  /** As `fetch`, for what is answered at once: a connection that nobody ends may be left of a container that was lost. */
  ask(path: string, init: RequestInit = {}): Promise<Response> {
    return this.fetch(path, { ...init, signal: AbortSignal.timeout(ANSWER_MS) });
  }

  /**
   * Returns once the engine answers. All who ask meanwhile wait for the same start.
   *
   * @throws CONTAINER_UNAVAILABLE when it does not come up within 20 s, or ends while it does.
   */
  async ready(): Promise<void> {
    if (this.#answered && this.awake) {
      if (Date.now() - this.#answeredAt < FRESH_MS || (await this.#probe()) === 'up') return;
    }
    this.#starting ??= this.#bringUp().finally(() => {
      this.#starting = undefined;
    });
    try {
      await within(PATIENCE_MS, this.#starting);
    } catch (error) {
      console.error('the container did not come up:', error);
      throw new HoldfastError(
        'CONTAINER_UNAVAILABLE',
        'The container of this sandbox is not up yet; try again soon.',
      );
    }
  }

  /** Whether the engine of that generation answers, or does so again within 10 s; false once it is over. */
  async recovers(generation: number): Promise<boolean> {
    const isOver = () => !this.running || this.generation !== generation;
    const end = await until(async () => {
      if (isOver()) return 'over';
      return (await this.#probe()) === 'up' && 'up';
    }, RECOVERY_MS);
    return end === 'up' && !isOver();
  }

  /** Ends the engine the friendly way; whoever asks for it meanwhile waits for the end and gets a new one. */
  async stop(signal: () => Promise<void>): Promise<void> {
    this.#stopping = true;
    const { generation } = this;
    await signal();
    await this.#ended(generation);
  }

  /** The engine of that generation drains and takes nothing new: false once its container has ended. */
  async drains(generation: number): Promise<false> {
    // The news may be old: the next generation has nothing to do with it.
    if (this.generation === generation && this.running) this.#stopping = true;
    await this.#ended(generation);
    return false;
  }

  /** Ends the container at once, with all that runs in it. Returns when it is gone. */
  async destroy(): Promise<void> {
    if (!this.running) return;
    await this.#container.destroy();
    await until(() => !this.running, ATTEMPT_MS);
  }

  async #ended(generation: number): Promise<void> {
    try {
      await until(() => !this.running || this.generation !== generation, DRAIN_MS);
    } catch (error) {
      console.error('the container does not end by itself:', error);
      await this.destroy();
    }
  }

  async #bringUp(): Promise<void> {
    this.#answered = false;
    if (this.#stopping) await until(() => !this.running, ATTEMPT_MS);
    this.#stopping = false;
    if (!(this.running && (await this.#comesUp()))) await this.#startAnew();
    await this.#prepare(this);
    this.#answered = true;
  }

  /** The container runs: also where another Durable Object's memory began the start, it is not begun again. */
  async #comesUp(): Promise<boolean> {
    const found = await until(async () => {
      if (!this.running) return 'ended';
      const probe = await this.#probe();
      return probe !== 'silent' && probe;
    }, ATTEMPT_MS).catch(() => 'silent');
    // A start whose token was never stored: nobody can talk to that engine. Or one that answers nobody.
    if (found === 'foreign' || found === 'silent') await this.destroy();
    return found === 'up' && this.running;
  }

  async #startAnew(): Promise<void> {
    const token = crypto.getRandomValues(new Uint8Array(32)).toHex();
    const generation = this.#store.beginGeneration(token);
    await this.#store.durable();
    const env = {
      HOLDFAST_ENGINE_TOKEN: token,
      HOLDFAST_GENERATION: String(generation),
      HOLDFAST_SESSION_ENV: JSON.stringify(this.#store.record.settings().env),
    };
    await this.#start(env, ENGINE_PORT);
    await until(async () => {
      if (!this.running) throw new Error('the container ended while it came up');
      return (await this.#probe()) === 'up';
    }, ATTEMPT_MS);
  }

  #probe(): Promise<Probe> {
    this.#probing ??= this.#askHealth().finally(() => {
      this.#probing = undefined;
    });
    return this.#probing;
  }

  async #askHealth(): Promise<Probe> {
    try {
      const asked = this.fetch('/health', { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
      const response = await within(PROBE_TIMEOUT_MS, asked);
      const { generation } = await response.json<EngineHealth>();
      if (!response.ok) return 'silent';
      return generation === this.generation ? 'up' : 'foreign';
    } catch {
      // Not listening yet: what the probe is there to find out.
      return 'silent';
    }
  }
}

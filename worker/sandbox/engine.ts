// The engine in the container, as its Durable Object sees it: started when it is needed, once for all who wait.
import { HoldfastError } from '#protocol';
import type { Store } from '../store/store.ts';

/** Where the engine listens inside the container: its default, so that no command finds a PORT in its environment. */
const PORT = 8080;
/** How long a request waits for the container; it goes on coming up behind the answer. */
const PATIENCE_MS = 20_000;
/** How long one attempt goes on behind the answers, before the next request begins another. */
const ATTEMPT_MS = 60_000;
const PROBE_TIMEOUT_MS = 2_000;

/** Starts the container with this environment and returns when it was accepted; retries are its own. */
export type StartContainer = (env: Record<string, string>, port: number) => Promise<void>;

export class Engine {
  readonly #container: Container;
  readonly #store: Store;
  readonly #start: StartContainer;
  #starting: Promise<void> | undefined;
  #answered = false;
  #stopping = false;

  constructor(container: Container, store: Store, start: StartContainer) {
    this.#container = container;
    this.#store = store;
    this.#start = start;
  }

  get running(): boolean {
    return this.#container.running;
  }

  /** Asks the engine, with its token. `path` begins with a slash and holds the query. It must be running. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${this.#store.record.engine().token}`);
    return this.#container.getTcpPort(PORT).fetch(`http://localhost:${PORT}${path}`, {
      redirect: 'manual',
      ...init,
      headers,
    });
  }

  /**
   * Returns once the engine answers. All who ask meanwhile wait for the same start.
   *
   * @throws CONTAINER_UNAVAILABLE when it does not come up within 20 s, or ends while it does.
   */
  async ready(): Promise<void> {
    if (this.#answered && !this.#stopping && this.running) return;
    this.#starting ??= this.#bringUp().finally(() => {
      this.#starting = undefined;
    });
    const deadline = abortAfter(PATIENCE_MS);
    try {
      await Promise.race([this.#starting, deadline.passed]);
    } catch (error) {
      console.error('the container did not come up:', error);
      throw new HoldfastError(
        'CONTAINER_UNAVAILABLE',
        'The container of this sandbox is not up yet; try again soon.',
      );
    } finally {
      deadline.clear();
    }
  }

  /** Ends the engine the friendly way; whoever asks for it meanwhile waits for the end and gets a new one. */
  async stop(signal: () => Promise<void>): Promise<void> {
    this.#stopping = true;
    await signal();
  }

  /** Ends the container at once, with all that runs in it. Returns when it is gone. */
  async destroy(): Promise<void> {
    if (!this.running) return;
    await this.#container.destroy();
    await until(() => !this.running, ATTEMPT_MS);
  }

  async #bringUp(): Promise<void> {
    this.#answered = false;
    if (this.#stopping) await until(() => !this.running, ATTEMPT_MS);
    this.#stopping = false;
    if (!this.running) {
      const token = crypto.getRandomValues(new Uint8Array(32)).toHex();
      const generation = this.#store.beginGeneration(token);
      const env = {
        HOLDFAST_ENGINE_TOKEN: token,
        HOLDFAST_GENERATION: String(generation),
        HOLDFAST_SESSION_ENV: JSON.stringify(this.#store.record.settings().env),
      };
      await this.#start(env, PORT);
    }
    await until(() => this.#probe(), ATTEMPT_MS);
    this.#answered = true;
  }

  async #probe(): Promise<boolean> {
    if (!this.running) throw new Error('the container ended while it came up');
    try {
      const response = await this.fetch('/health', { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
      await response.body?.cancel();
      return response.ok;
    } catch {
      // Not listening yet: what the probe is there to find out.
      return false;
    }
  }
}

/** Asks again and again, a little less often each time, until it is so. */
async function until(isSo: () => boolean | Promise<boolean>, limitMs: number): Promise<void> {
  const end = Date.now() + limitMs;
  for (let waitMs = 10; !(await isSo()); waitMs = Math.min(waitMs * 1.5, 250)) {
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms in vain`);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

function abortAfter(ms: number): { passed: Promise<never>; clear(): void } {
  let timer: ReturnType<typeof setTimeout>;
  const passed = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not up within ${ms} ms`)), ms);
  });
  return { passed, clear: () => clearTimeout(timer) };
}

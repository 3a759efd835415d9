// The platform's Container interface over the loopback host: a container is an engine that is kept alive.
// `running` must answer at once, also in a Durable Object that was just constructed, so it is kept in storage.

const RUNNING = 'holdfast_local_running';
/** What the real runtime says, and what @cloudflare/containers looks for. */
const NOT_LISTENING = 'the container is not listening';

type Implemented = Pick<
  Container,
  'running' | 'start' | 'monitor' | 'destroy' | 'signal' | 'getTcpPort' | 'setInactivityTimeout'
>;

export class LoopbackContainer implements Implemented {
  readonly #base: URL;
  readonly #token: string;
  readonly #kv: SyncKvStorage;
  #running: boolean;
  /** The engine's port on this machine, the same for each of its lives. */
  #port: Promise<number> | undefined;
  /** Settles when the container is over, as `monitor` promises. */
  #end: Promise<void> | undefined;

  /** @param base URL of this sandbox at the host, with a slash at its end. */
  constructor(base: URL, token: string, kv: SyncKvStorage) {
    this.#base = base;
    this.#token = token;
    this.#kv = kv;
    this.#running = kv.get(RUNNING) === true;
    if (this.#running) this.#watch(this.#ask('GET', ''));
  }

  get running(): boolean {
    return this.#running;
  }

  start(options?: { env?: Record<string, string> }): void {
    if (this.#running) throw new Error('start() cannot be called on a container that is already running.');
    this.#setRunning(true);
    this.#watch(this.#ask('PUT', '', { env: options?.env ?? {} }));
  }

  async monitor(): Promise<void> {
    if (!this.#end) throw new Error('monitor() cannot be called on a container that is not running.');
    return this.#end;
  }

  async destroy(): Promise<void> {
    await this.#ask('DELETE', '');
    await this.#end?.catch(() => {});
    this.#setRunning(false);
  }

  signal(signo: number): void {
    this.#ask('POST', 'signal', { signal: signo }).catch((error) => console.error('signal failed:', error));
  }

  getTcpPort(_port: number): Fetcher {
    const direct = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
      const port = this.#running && this.#port ? await this.#port.catch(() => undefined) : undefined;
      if (port === undefined) throw new Error(NOT_LISTENING);
      const url = new URL(input instanceof Request ? input.url : input);
      url.host = `127.0.0.1:${port}`;
      return fetch(url.href, input instanceof Request ? new Request(input, init) : init);
    };
    return { fetch: direct } as unknown as Fetcher;
  }

  /** Idle time is the Durable Object's to count; there is no platform that would end the container. */
  async setInactivityTimeout(): Promise<void> {}

  #watch(started: Promise<Response>): void {
    const port = started.then(async (response) => (await response.json<{ port: number }>()).port);
    const end = this.#watchEnd(port).finally(() => {
      if (this.#end !== end) return;
      this.#port = undefined;
      this.#setRunning(false);
    });
    this.#port = port;
    this.#end = end;
    // Whoever monitors hears of it; nobody has to.
    end.catch(() => {});
  }

  async #watchEnd(port: Promise<number>): Promise<void> {
    await port;
    const response = await this.#ask('GET', 'end');
    const { exitCode } = await response.json<{ exitCode: number }>();
    if (exitCode !== 0) throw new Error(`container exited with unexpected exit code: ${exitCode}`);
  }

  #setRunning(running: boolean): void {
    this.#running = running;
    this.#kv.put(RUNNING, running);
  }

  async #ask(method: string, path: string, body?: unknown): Promise<Response> {
    const response = await fetch(new URL(path, this.#base), {
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`the local host answered ${response.status}: ${await response.text()}`);
    return response;
  }
}

// The Durable Object: one sandbox, its container and what is remembered of both.
// It trusts the Worker's checks; nothing but a request that needs the engine wakes the container.
import { Container } from '@cloudflare/containers';
import { HoldfastError, PatchSandboxRequest, type SandboxInfo } from '#protocol';
import type { Bindings } from '../bindings.ts';
import { errorResponse } from '../http/error-response.ts';
import { parseBody } from '../http/parse-body.ts';
import { readBody } from '../http/read-body.ts';
import { giveLocalContainer } from '../local/give-container.ts';
import { Store } from '../store/store.ts';
import { Activity } from './activity.ts';
import { Engine, type StartContainer } from './engine.ts';
import { EngineProxy } from './engine-proxy.ts';
import { HistoryPull } from './history-pull.ts';
import { answerAboutLeft, isAboutProcesses, withLeft } from './left-processes.ts';
import { isLookup, lookUp, withHistory } from './lookups.ts';
import { type SandboxCall, sandboxCall } from './sandbox-call.ts';
import { sleepTime } from './sleep-time.ts';

// The library wants this entrypoint exported beside the class, or it fails in every object that comes back
// to a running container.
export { ContainerProxy } from '@cloudflare/containers';

/** How long the platform is given to hand out a container, in steps of `waitInterval`. */
const START = { waitInterval: 100, retries: 150 };

/**
 * A sandbox. Ask it over `fetch` with the URLs of the HTTP API, without credentials: who holds the
 * binding is let in.
 *
 * @example
 * const sandbox = env.SANDBOX.getByName('demo');
 * const answer = await sandbox.fetch('http://holdfast/v1/sandboxes/demo/sessions/default/exec', {
 *   method: 'POST',
 *   body: JSON.stringify({ command: 'uname -a' }),
 * });
 */
export class Sandbox<Env extends Bindings = Bindings> extends Container<Env> {
  readonly #store: Store;
  readonly #engine: Engine;
  readonly #history: HistoryPull;
  readonly #proxy: EngineProxy;
  readonly #activity = new Activity(() => this.renewActivityTimeout());
  #removal: Promise<void> | undefined;

  constructor(ctx: DurableObjectState<object>, env: Env) {
    giveLocalContainer(ctx, env);
    super(ctx, env);
    this.#store = new Store(ctx.storage);
    const start: StartContainer = (envVars, portToCheck) =>
      this.start({ envVars: { ...this.envVars, ...envVars } }, { ...START, portToCheck });
    this.#engine = new Engine(ctx.container!, this.#store, start);
    this.#history = new HistoryPull(this.#engine, this.#store);
    this.#proxy = new EngineProxy(this.#engine, this.#store, this.#activity, this.#history);
    this.sleepAfter = sleepTime(this.#store.record.settings().sleepAfter).after;
  }

  /** Serves the API below `/v1/sandboxes/{sandbox}`; the prefix itself may be left out. */
  override async fetch(request: Request): Promise<Response> {
    const call = sandboxCall(request);
    const response = await this.#answer(call).catch((error) =>
      errorResponse(error, call.requestId, call.rest),
    );
    if (!response.headers.has('x-request-id')) response.headers.set('x-request-id', call.requestId);
    return response;
  }

  /** Ends the calls with these request ids as their clients' departure would; for servers that learn of it elsewhere. */
  departed(requestIds: string[]): void {
    for (const id of requestIds) this.#proxy.departed(id);
  }

  /** Sleeps only where nobody is connected, nothing runs or that is no reason, and it is not told to stay awake. */
  override async onActivityExpired(): Promise<void> {
    const { sleepAfter, keepAlive } = this.#store.record.settings();
    const { force } = sleepTime(sleepAfter);
    if (this.#activity.busy || keepAlive || (!force && (await this.#isWorking()))) {
      this.renewActivityTimeout();
      return;
    }
    await this.#engine.stop(() => this.stop());
  }

  async #answer(call: SandboxCall): Promise<Response> {
    await this.#removal;
    if (call.rest === '') return await this.#itself(call.request);
    if (isLookup(call.request.method, call.rest)) return await this.#lookUp(call);
    if (isAboutProcesses(call.request.method, call.rest)) return await this.#aboutProcesses(call);
    return await this.#proxy.forward(call);
  }

  async #itself(request: Request): Promise<Response> {
    switch (request.method) {
      case 'GET':
        return Response.json(this.#info());
      case 'PATCH':
        return await this.#configure(parseBody(PatchSandboxRequest, await readBody(request)));
      case 'DELETE':
        this.#removal ??= this.#remove().finally(() => {
          this.#removal = undefined;
        });
        await this.#removal;
        return new Response(null, { status: 204 });
      default:
        throw new HoldfastError('NOT_FOUND', `A sandbox does not know ${request.method}.`);
    }
  }

  #info(): SandboxInfo {
    const record = this.#store.record.read();
    if (!record)
      throw new HoldfastError('SANDBOX_NOT_FOUND', 'This sandbox was never used; any command makes it.');
    const running = this.#engine.running;
    const sessions = this.#store.sessions.list();
    return {
      name: this.ctx.id.name ?? '',
      state: running ? 'running' : 'stopped',
      ...record,
      sessions: running ? sessions : sessions.map((s) => ({ ...s, runningCommand: null, queueLength: 0 })),
    };
  }

  async #configure(patch: PatchSandboxRequest): Promise<Response> {
    this.#store.record.touch(new Date());
    this.sleepAfter = sleepTime(this.#store.record.configure(patch).sleepAfter).after;
    this.renewActivityTimeout();
    // The alarm may be waiting for the old time; it fires again and finds the new one.
    if (this.#engine.running) await this.scheduleNextAlarm();
    return Response.json(this.#info());
  }

  async #remove(): Promise<void> {
    await this.#engine.destroy();
    this.#store.clear();
    this.sleepAfter = sleepTime(this.#store.record.settings().sleepAfter).after;
  }

  async #lookUp(call: SandboxCall): Promise<Response> {
    const { commands } = this.#store;
    if (!this.#engine.running) return lookUp(commands, call.rest);
    const answer = await this.#proxy.forward(call);
    if (call.rest === '/commands') return await withHistory(answer, commands);
    const id = call.rest.split('/')[2]!;
    return answer.status === 404 && commands.get(id) ? lookUp(commands, call.rest) : answer;
  }

  /** No process outlives its container, so a call about one never wakes it. */
  async #aboutProcesses(call: SandboxCall): Promise<Response> {
    const { commands, record } = this.#store;
    const { generation } = record.engine();
    if (!this.#engine.running) return answerAboutLeft(commands, generation + 1, call);
    return await withLeft(await this.#proxy.forward(call), commands, generation, call);
  }

  /** Whether a command or a process runs that nobody is connected to. */
  async #isWorking(): Promise<boolean> {
    try {
      await this.#history.pull();
    } catch (error) {
      console.error('the engine does not answer, so it may as well sleep:', error);
      return false;
    }
    return this.#history.working;
  }
}

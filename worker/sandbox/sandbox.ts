// The Durable Object: one sandbox, its container and what is remembered of both.
// It trusts the Worker's checks; nothing but a request that needs the engine wakes the container.
import { Container } from '@cloudflare/containers';
import { HoldfastError, noPreview, PatchSandboxRequest, portCall, type SandboxInfo } from '#protocol';
import type { Bindings } from '../bindings.ts';
import { errorResponse } from '../http/error-response.ts';
import { parseBody } from '../http/parse-body.ts';
import { readBody } from '../http/read-body.ts';
import { giveLocalContainer } from '../local/give-container.ts';
import { LoopbackContainer } from '../local/loopback-container.ts';
import { Store } from '../store/store.ts';
import { Activity } from './activity.ts';
import { ENGINE_PORT, Engine, type StartContainer } from './engine.ts';
import { EngineProxy } from './engine-proxy.ts';
import { HistoryPull } from './history-pull.ts';
import { answerAboutLeft, isAboutProcesses, withLeft } from './left-processes.ts';
import { isLookup, isStored, lookUp, withHistory } from './lookups.ts';
import { OpenCalls } from './open-calls.ts';
import { PortCalls } from './port-calls.ts';
import { PreviewCalls } from './preview-calls.ts';
import { type SandboxCall, sandboxCall } from './sandbox-call.ts';
import { SandboxSecrets } from './sandbox-secrets.ts';
import { SessionCalls } from './session-calls.ts';
import { SessionRestore } from './session-restore.ts';
import { SilenceWatch } from './silence-watch.ts';
import { sleepTime } from './sleep-time.ts';
import { aboutTerminals, isAboutTerminals } from './terminal-calls.ts';
import { Vault } from './vault.ts';
import { within } from './within.ts';

// The library wants this entrypoint exported beside the class, or it fails in every object that comes back
// to a running container.
export { ContainerProxy } from '@cloudflare/containers';

/** How often and how long storage is brought up to date before a sleep, which takes along what was not pulled. */
const LAST_PULLS = 3;
const LAST_PULL_MS = 10_000;
/** How long the platform is given to hand out a container, in steps of `waitInterval` ms, each of which sets the alarm. */
const START = { waitInterval: 25, retries: 600 };

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
  readonly #secrets: SandboxSecrets;
  readonly #engine: Engine;
  readonly #history: HistoryPull;
  readonly #proxy: EngineProxy;
  readonly #sessions: SessionCalls;
  readonly #activity: Activity;
  readonly #ports: PortCalls;
  readonly #previews: PreviewCalls;
  readonly #calls = new OpenCalls();
  #removal: Promise<void> | undefined;

  constructor(ctx: DurableObjectState<object>, env: Env) {
    giveLocalContainer(ctx, env);
    super(ctx, env);
    this.#store = new Store(ctx.storage);
    const start: StartContainer = (envVars, portToCheck) =>
      this.start({ envVars: { ...this.envVars, ...envVars } }, { ...START, portToCheck });
    const key = env.HOLDFAST_SECRETS_KEY || env.HOLDFAST_API_KEY;
    this.#secrets = new SandboxSecrets(this.#store, new Vault(key, ctx.id.toString()));
    this.#engine = new Engine(ctx.container!, this.#store, start, (engine) => this.#secrets.give(engine));
    this.#history = new HistoryPull(this.#engine, this.#store, this.#secrets, () => this.#activity.busy);
    const watch = new SilenceWatch(this.#engine, () => this.#activity.busy);
    this.#activity = new Activity({
      onBusy: () => watch.begin(),
      onIdle: () => this.renewActivityTimeout(),
    });
    const parts = { engine: this.#engine, store: this.#store };
    const restore = new SessionRestore(this.#engine, this.#store, this.#secrets);
    const open = { activity: this.#activity, calls: this.#calls };
    this.#proxy = new EngineProxy({
      ...parts,
      ...open,
      history: this.#history,
      restore,
      secrets: this.#secrets,
    });
    this.#sessions = new SessionCalls({ ...parts, proxy: this.#proxy, restore });
    this.#ports = new PortCalls({ ...parts, ...open });
    this.#previews = new PreviewCalls({
      name: ctx.id.name ?? '',
      host: env.HOLDFAST_PREVIEW_HOST,
      // A local engine takes whatever port is free, and refuses that one itself.
      ownPort: ctx.container instanceof LoopbackContainer ? undefined : ENGINE_PORT,
      store: this.#store,
      ports: this.#ports,
      forget: (reason) => this.#forget(reason),
    });
    this.sleepAfter = sleepTime(this.#store.record.settings().sleepAfter).after;
  }

  /** Serves the API below `/v1/sandboxes/{sandbox}`; the prefix itself may be left out. */
  override async fetch(request: Request): Promise<Response> {
    const call = sandboxCall(request);
    const response = await this.#answer(call).catch((error) =>
      errorResponse(error, call.requestId, call.rest),
    );
    const isSocket = response.webSocket !== null;
    if (!isSocket && !response.headers.has('x-request-id'))
      response.headers.set('x-request-id', call.requestId);
    return response;
  }

  /** Ends the calls with these request ids as their clients' departure would; for servers that learn of it elsewhere. */
  departed(requestIds: string[]): void {
    for (const id of requestIds) this.#calls.departed(id);
  }

  /** Sleeps only where nobody is connected, nothing runs or that is no reason, and it is not told to stay awake. */
  override async onActivityExpired(): Promise<void> {
    const { sleepAfter, keepAlive } = this.#store.record.settings();
    const { force } = sleepTime(sleepAfter);
    // It is on its way already; the alarm goes off again before it has ended.
    if (!this.#engine.awake) return;
    const stays = this.#activity.busy || keepAlive;
    // Somebody may come while storage is brought up to date.
    if (stays || !(await this.#mayEnd(force)) || this.#activity.busy) {
      this.renewActivityTimeout();
      return;
    }
    await this.#engine.stop(() => this.stop());
  }

  async #answer(call: SandboxCall): Promise<Response> {
    await this.#removal;
    if (call.rest === '') return await this.#itself(call.request);
    const previewed = await this.#previews.answer(call);
    if (previewed) return previewed;
    // No server outlives its container: who asks for one never wakes it.
    if (portCall(call.rest)) {
      return await this.#ports.forward(call, { path: call.rest + call.search, wakes: false });
    }
    if (call.rest === '/ports') {
      return (await this.#proxy.forward(call, { wakes: false })) ?? Response.json({ ports: [] });
    }
    if (isLookup(call.request.method, call.rest)) return await this.#lookUp(call);
    if (isAboutProcesses(call.request.method, call.rest)) return await this.#aboutProcesses(call);
    if (isAboutTerminals(call)) return await aboutTerminals(call, this.#proxy);
    return (await this.#sessions.answer(call)) ?? (await this.#proxy.forward(call));
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
    const { generation } = this.#engine;
    const sessions = this.#store.sessions.list(running ? generation : generation + 1);
    return {
      name: this.ctx.id.name ?? '',
      state: running ? 'running' : 'stopped',
      ...record,
      secrets: this.#store.secrets.names(),
      sessions,
    };
  }

  async #configure(patch: PatchSandboxRequest): Promise<Response> {
    // First: it may be refused, and then nothing is changed.
    if (patch.secrets) await this.#secrets.change(patch.secrets);
    this.#store.record.touch(new Date());
    this.sleepAfter = sleepTime(this.#store.record.configure(patch).sleepAfter).after;
    if (patch.secrets && this.#engine.awake) {
      await this.#engine.ready();
      await this.#secrets.give(this.#engine, true);
    }
    this.renewActivityTimeout();
    // The alarm may be waiting for the old time; it fires again and finds the new one.
    if (this.#engine.running) await this.scheduleNextAlarm();
    return Response.json(this.#info());
  }

  async #remove(): Promise<void> {
    this.#proxy.removed();
    await this.#engine.destroy();
    this.#store.clear();
    this.sleepAfter = sleepTime(this.#store.record.settings().sleepAfter).after;
  }

  /** As if it had never been asked: a name that anybody may guess costs nothing. */
  async #forget(reason: string): Promise<never> {
    if (!this.#activity.busy) {
      await this.ctx.storage.deleteAll();
      this.ctx.abort(reason);
    }
    throw noPreview();
  }

  async #lookUp(call: SandboxCall): Promise<Response> {
    const answer = await this.#proxy.forward(call, { wakes: false });
    if (!answer) return await lookUp(this.#store, call);
    if (call.rest === '/commands') return await withHistory(answer, this.#store.commands);
    const id = call.rest.split('/')[2]!;
    return answer.status === 404 && isStored(this.#store, id) ? await lookUp(this.#store, call) : answer;
  }

  /** No process outlives its container, so a call about one never wakes it. */
  async #aboutProcesses(call: SandboxCall): Promise<Response> {
    const answer = await this.#proxy.forward(call, { wakes: false });
    const { generation } = this.#store.record.engine();
    return answer
      ? await withLeft(answer, this.#store, generation, call)
      : answerAboutLeft(this.#store, generation + 1, call);
  }

  /** Storage holds what the container knows, and nothing runs in it that nobody is connected to. */
  async #mayEnd(force: boolean): Promise<boolean> {
    for (let pulls = 1; pulls <= LAST_PULLS; pulls += 1) {
      try {
        await within(LAST_PULL_MS, this.#history.pull());
        return !this.#history.connected && (force || !this.#history.working);
      } catch (error) {
        console.error(`pull ${pulls} of ${LAST_PULLS} before sleep failed:`, error);
      }
    }
    // An engine that does not answer may as well sleep.
    return true;
  }
}

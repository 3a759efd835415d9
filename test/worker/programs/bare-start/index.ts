// The least that a Durable Object can do with the image: start it, call its engine until it answers, and destroy it.
// What this takes under `wrangler dev` is the platform's part of a sandbox's start.
import { DurableObject } from 'cloudflare:workers';

const TOKEN = 'of-the-engine';
const TRY_MS = 2;

export class Sandbox extends DurableObject {
  /** The output of the engine's first command. */
  override async fetch(): Promise<Response> {
    const container = this.ctx.container!;
    container.start({ enableInternet: true, env: { HOLDFAST_ENGINE_TOKEN: TOKEN } });
    container.monitor().catch(() => {}); // it is destroyed below
    const engine = container.getTcpPort(8080);
    for (;;) {
      try {
        const answer = await engine.fetch('http://engine/sessions/default/exec', {
          method: 'POST',
          headers: { authorization: `Bearer ${TOKEN}` },
          body: JSON.stringify({ command: 'echo hello' }),
        });
        return Response.json(await answer.json());
      } catch {
        await scheduler.wait(TRY_MS);
      }
    }
  }

  async destroy(): Promise<void> {
    await this.ctx.container!.destroy();
  }
}

interface Env {
  SANDBOX: DurableObjectNamespace<Sandbox>;
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const name = new URL(request.url).pathname.slice(1);
    if (name === 'health') return new Response('ok');
    const sandbox = env.SANDBOX.get(env.SANDBOX.idFromName(name));
    if (request.method !== 'DELETE') return await sandbox.fetch(request);
    await sandbox.destroy();
    return new Response(null, { status: 204 });
  },
};

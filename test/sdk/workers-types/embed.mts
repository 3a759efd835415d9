// A user's Worker as the Workers types see it: never run, only checked.
import { DurableObject } from 'cloudflare:workers';
import { type CommandEvent, getSandbox, Holdfast, proxyToSandbox } from '../../../sdk/index.ts';

export class Sandbox extends DurableObject {}

interface Env {
  SANDBOX: DurableObjectNamespace<Sandbox>;
  UNTYPED: DurableObjectNamespace;
  HOLDFAST: Fetcher;
}

export default {
  async fetch(request, env): Promise<Response> {
    const preview = await proxyToSandbox(request, env);
    if (preview) return preview;
    if (request.headers.has('upgrade')) return getSandbox(env.SANDBOX, 'a').wsConnect(request, 8000);
    const { signal } = request;
    const events: AsyncIterable<CommandEvent> = getSandbox(env.SANDBOX, 'a').execStream('make', { signal });
    for await (const event of events) if (event.type === 'exit') console.log(event.exitCode);
    const { id } = await getSandbox(env.UNTYPED, 'b').exec('cat', { stdin: new Uint8Array(1) });
    const holdfast = new Holdfast({ binding: env.HOLDFAST, apiKey: 'key' });
    new Holdfast({ url: new URL(request.url), apiKey: 'key', fetch });
    return new Response(await holdfast.sandbox('c').commandOutput(id, 'stdout'));
  },
} satisfies ExportedHandler<Env>;

// A way to a sandbox whose settings are told before anything else goes that way.
import type { PatchSandboxRequest } from '../protocol/index.ts';
import type { Transport } from '../transport/transport.ts';

/** Makes the answer that refused the settings anew for each call that it ends; undefined where they were taken. */
type Refused = (() => Response) | undefined;

/** The first request, and the first after the sandbox was destroyed, sends the settings ahead. */
export function configured(transport: Transport, settings: PatchSandboxRequest): Transport {
  let told: Promise<Refused> | undefined;
  const tell = async (): Promise<Refused> => {
    const headers = { 'content-type': 'application/json' };
    const answer = await transport.fetch('', { method: 'PATCH', headers, body: JSON.stringify(settings) });
    const text = await answer.text();
    if (answer.ok) return undefined;
    told = undefined;
    const { status } = answer;
    return () => new Response(text, { status, headers: answer.headers });
  };
  const refused = async () => {
    told ??= tell().catch((error: unknown) => {
      told = undefined;
      throw error;
    });
    return (await told)?.();
  };
  return {
    target: transport.target,
    async fetch(path, init) {
      const ends = path === '' && init.method === 'DELETE';
      if (ends) told = undefined;
      return (ends ? undefined : await refused()) ?? transport.fetch(path, init);
    },
    socket: async (path, signal) => (await refused()) ?? transport.socket(path, signal),
  };
}

// What `npm start` and `npm run dev` share: the key, the port, wrangler, the words on the screen, the end.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keptApiKey } from './api-key.ts';
import { availablePort } from './free-port.ts';
import { type Front, startFront } from './front.ts';
import { untilSignalled } from './until-signalled.ts';
import { startWranglerDev } from './wrangler-dev.ts';

const DATA = fileURLToPath(new URL('../../.holdfast', import.meta.url));

/** One way to run sandboxes, prepared before the Worker starts. */
export interface Way {
  args: string[];
  vars: Record<string, string>;
  /** What the user should know about it. */
  notice: string;
  close(): Promise<void>;
}

/**
 * Serves until it is signalled, then ends everything. Prints `url` and `key` on lines of their own,
 * `Holdfast: <url>` and `API key: <key>`, once requests are answered.
 *
 * @param prepare Makes the way; gets a folder that belongs to this port alone.
 */
export async function serve(prepare: (folder: string) => Promise<Way>): Promise<void> {
  const signalled = untilSignalled();
  const port = await availablePort(Number(process.env.PORT || 8787));
  const apiKey = process.env.HOLDFAST_API_KEY || keptApiKey(join(DATA, 'api-key'));
  // Browsers take every name below localhost for this machine (RFC 6761, section 6.3).
  const previewHost = process.env.HOLDFAST_PREVIEW_HOST || `localhost:${port}`;
  const folder = join(DATA, String(port));
  const way = await prepare(folder);
  const frontToken = randomUUID();
  const backend = await availablePort(0);
  const wrangler = startWranglerDev(backend, folder, {
    vars: {
      HOLDFAST_API_KEY: apiKey,
      HOLDFAST_FRONT_TOKEN: frontToken,
      HOLDFAST_PREVIEW_HOST: previewHost,
      ...way.vars,
    },
    args: way.args,
    verbose: process.env.HOLDFAST_VERBOSE === '1',
  });
  let front: Front | undefined;
  try {
    const first = await Promise.race([wrangler.ready.then(() => 'ready' as const), signalled]);
    if (first === 'ready') {
      front = await startFront(port, backend, frontToken);
      console.log(greeting(`http://127.0.0.1:${port}`, apiKey, way.notice));
      const end = await Promise.race([wrangler.ended, signalled]);
      if (typeof end === 'number') throw new Error(`wrangler ended by itself:\n${wrangler.output()}`);
    }
  } finally {
    await front?.close();
    await wrangler.stop();
    await way.close();
  }
}

function greeting(url: string, apiKey: string, notice: string): string {
  return `
Holdfast: ${url}
API key: ${apiKey}

${notice}

Try it:

curl ${url}/v1/sandboxes/demo/sessions/default/exec -H 'Authorization: Bearer ${apiKey}' -d '{"command": "cd /tmp; greet() { echo hello from $PWD; }; greet"}'

Ctrl-C ends it.
`;
}

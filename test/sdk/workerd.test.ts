// The same client inside workerd: by URL, by service binding, and to a Durable Object.
import { join } from 'node:path';
import { build } from 'esbuild';
import { beforeAll, expect, test } from 'vitest';
import { EXIT, encoded, recordedCommand, START } from './harness/recorded-command.ts';
import { sendJson, serve } from './harness/serve.ts';
import { startWorkerd } from './harness/start-workerd.ts';

const EVENTS = [START, { type: 'stdout', data: 'héllo 🐚\n', seq: 1 } as const, EXIT];
const BYTES = Buffer.byteLength(EVENTS.map(encoded).join(''));

let script: string;
beforeAll(async () => {
  const entry = join(import.meta.dirname, 'workerd/worker.ts');
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: 'esm', write: false });
  script = outputFiles[0]!.text;
});

/** Asks a Worker that has that backend. */
async function worker(backend: string): Promise<(path: string) => Promise<Response>> {
  const url = await startWorkerd(script, backend);
  return (path) => fetch(url + path);
}

for (const way of ['url', 'binding', 'object']) {
  test(`by ${way} a stream that is torn again and again comes whole`, async () => {
    const cuts = [0, 5, Math.floor(BYTES / 3), BYTES - 300, BYTES - 1];
    const { url, asked } = await recordedCommand(EVENTS, cuts);
    const ask = await worker(url);
    expect(await (await ask(`/stream?way=${way}`)).json()).toEqual(EVENTS);
    expect(asked.length).toBeGreaterThanOrEqual(4);
  });

  test(`by ${way} an exec is asked for again until its answer is whole`, async () => {
    const { url, asked } = await serve((res, _asked, nth) => {
      if (nth === 0) res.destroy();
      else if (nth === 1)
        res.writeHead(200, { 'content-type': 'application/json' }).write(' {"id', () => res.destroy());
      else sendJson(res, 200, { id: 'c1', exitCode: 3 });
    });
    const ask = await worker(url);
    expect(await (await ask(`/exec?way=${way}`)).json()).toEqual({ id: 'c1', exitCode: 3 });
    expect(asked).toHaveLength(3);
    expect(JSON.parse(asked[2]!.body)).toEqual({ command: 'x', id: 'c1', stdinBase64: 'AP8=' });
  });

  for (const act of ['abort', 'leave']) {
    test(`by ${way} ${act === 'abort' ? 'an aborted signal' : 'leaving the loop'} closes the connection`, async () => {
      const departed = Promise.withResolvers<void>();
      const { url } = await serve((res) => {
        res.on('close', departed.resolve);
        res.writeHead(200, { 'content-type': 'text/event-stream' }).write(encoded(START));
      });
      const ask = await worker(url);
      const answer = await (await ask(`/${act}?way=${way}`)).text();
      expect(answer).toBe(act === 'abort' ? 'enough' : JSON.stringify(START));
      await departed.promise;
    });
  }
}

// Processes over the client and a real engine.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectEngine, errorCode } from '../../sdk/index.ts';
import { startEngine } from '../e2e/harness/start-engine.ts';
import { rejection } from './harness/collect.ts';
import { cuttingProxy } from './harness/cutting-proxy.ts';
import { processBehaviour } from './harness/process-behaviour.ts';
import { impatient } from './harness/retry.ts';
import { sendJson, serve } from './harness/serve.ts';

let engine: Awaited<ReturnType<typeof startEngine>>;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine?.stop());

const token = () => engine.target.headers.authorization!.replace('Bearer ', '');

processBehaviour(() => connectEngine(engine.target.url, { token: token() }));

test('over torn connections a process is started once, its wait is met and its output whole', async () => {
  const { url } = await cuttingProxy(engine.target.url, (nth) => (nth % 2 ? undefined : 40 + nth * 20_000));
  const torn = connectEngine(url, { token: token(), retry: impatient() });
  const process = await torn.startProcess('echo $$; seq 1 50000; echo end');
  const { text } = await process.waitForOutput(/^end\n/m);
  expect(text).toBe('end\n');
  let output = '';
  for await (const event of process.stream()) if ('data' in event) output += event.data;
  expect(output).toBe(
    `${process.pid}\n${Array.from({ length: 50_000 }, (_, i) => `${i + 1}\n`).join('')}end\n`,
  );
  expect((await torn.listProcesses()).filter(({ id }) => id === process.id)).toHaveLength(1);
});

test('a sandbox that does not answer lets a wait time out as well', async () => {
  const { url } = await serve((res, _asked, nth) => {
    if (nth === 0) sendJson(res, 200, { id: 'p', pid: 1 });
    else res.writeHead(200, { 'content-type': 'application/json' }).write(' ');
  });
  const process = await connectEngine(url).getProcess('p');
  expect(errorCode(await rejection(process.waitForExit({ timeoutMs: 10 })))).toBe('WAIT_TIMEOUT');
});

// The client and a real Worker, Durable Object and engine, as `npm start` runs them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectEngine, errorCode, Holdfast } from '../../sdk/index.ts';
import { startWorker } from '../e2e/harness/start-worker.ts';
import { collect, rejection } from './harness/collect.ts';
import { cuttingProxy } from './harness/cutting-proxy.ts';
import { fileBehaviour } from './harness/file-behaviour.ts';
import { gitBehaviour } from './harness/git-behaviour.ts';
import { portBehaviour } from './harness/port-behaviour.ts';
import { processBehaviour } from './harness/process-behaviour.ts';
import { impatient } from './harness/retry.ts';

let worker: Awaited<ReturnType<typeof startWorker>>;
beforeAll(async () => {
  worker = await startWorker('embedded', 'container/local/start.ts');
}, 120_000);
afterAll(() => worker?.stop());

function holdfast(
  apiKey = worker.target.headers.authorization!.replace('Bearer ', ''),
  url = worker.target.origin,
) {
  return new Holdfast({ url, apiKey, retry: impatient() });
}

test('a sandbox comes to be with its first use, is described, configured and destroyed', async () => {
  const sandbox = holdfast().sandbox('life');
  expect(errorCode(await rejection(sandbox.info()))).toBe('SANDBOX_NOT_FOUND');
  expect((await sandbox.exec('cd /tmp && pwd')).stdout).toBe('/tmp\n');
  expect(await sandbox.info()).toMatchObject({ name: 'life', state: 'running', generation: 1 });
  const { settings } = await sandbox.update({ sleepAfter: '30m', env: { COLOUR: 'red' } });
  expect(settings).toMatchObject({ sleepAfter: '30m', env: { COLOUR: 'red' } });
  const painted = await sandbox.createSession();
  expect((await painted.exec('echo $COLOUR')).stdout).toBe('red\n');
  await sandbox.destroy();
  await sandbox.destroy();
  expect(errorCode(await rejection(sandbox.info()))).toBe('SANDBOX_NOT_FOUND');
});

test('a token opens its one sandbox, to read or to write', async () => {
  const sandbox = holdfast().sandbox('shared');
  const { id } = await sandbox.exec('echo seen');
  const { token, access } = await sandbox.createToken({ access: 'read', expiresInSeconds: 60 });
  expect(access).toBe('read');
  const viewer = holdfast(token).sandbox('shared');
  const output = await new Response(await viewer.commandOutput(id, 'stdout')).text();
  expect(output).toBe('seen\n');
  expect(errorCode(await rejection(viewer.exec('true')))).toBe('FORBIDDEN');
  expect(errorCode(await rejection(holdfast(token).sandbox('other').listSessions()))).toBe('FORBIDDEN');
  expect(errorCode(await rejection(holdfast('wrong').sandbox('shared').exec('true')))).toBe('UNAUTHORIZED');
});

test('a stream through the Worker over torn connections is whole', async () => {
  const { url, connections } = await cuttingProxy(worker.target.origin, (nth) =>
    nth < 5 ? 20_000 * (nth + 1) : undefined,
  );
  const events = await collect(holdfast(undefined, url).sandbox('torn').execStream('seq 1 50000'));
  const text = events.map((event) => ('data' in event ? event.data : '')).join('');
  expect(text).toBe(Array.from({ length: 50_000 }, (_, i) => `${i + 1}\n`).join(''));
  expect(events.at(-1)).toMatchObject({ type: 'exit', exitCode: 0 });
  expect(connections()).toBeGreaterThan(3);
});

test('an address that leads to another server is told apart from a Worker', async () => {
  const thrown = await rejection(connectEngine(`${worker.target.origin}/nowhere`).listSessions());
  expect(['NOT_FOUND', 'UNAUTHORIZED']).toContain(errorCode(thrown));
});

processBehaviour(() => holdfast().sandbox('processes'));

fileBehaviour(() => holdfast().sandbox('files'));

portBehaviour(() => holdfast().sandbox('ports'));

gitBehaviour(() => holdfast().sandbox('git'));

test('a port is exposed under a URL, which is listed without its token, and revoked', async () => {
  const sandbox = holdfast().sandbox('exposed');
  const { url, id, expiresAt } = await sandbox.exposePort(5173, { name: 'dev', expiresInSeconds: 60 });
  expect(new URL(url).host).toMatch(/^5173-exposed-[a-z2-7]{26}\.localhost:\d+$/);
  expect(await sandbox.getExposedPorts()).toMatchObject([
    { id, port: 5173, name: 'dev', wakes: false, expiresAt },
  ]);
  const { token } = await sandbox.createToken({ access: 'write', expiresInSeconds: 60 });
  expect(errorCode(await rejection(holdfast(token).sandbox('exposed').exposePort(1)))).toBe('FORBIDDEN');
  await sandbox.unexposePort(5173);
  expect(await sandbox.getExposedPorts()).toEqual([]);
  expect(errorCode(await rejection(sandbox.unexposePort(5173)))).toBe('NOT_FOUND');
});

import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';
import { decodeEvents } from '#protocol';
import { newSandbox } from './harness/api.ts';
import { cut } from './harness/cuts.ts';
import { info, sessions, stubOf, type TestSandbox } from './harness/generations.ts';
import { until } from './harness/until.ts';

const SSE = { accept: 'text/event-stream' };
const sleepsAfter = (sandbox: TestSandbox, settings: object) =>
  sandbox.call('', { method: 'PATCH', body: settings });

/** Lets the alarm that looks for idleness go off, as time would. */
const fallsAsleep = (sandbox: TestSandbox) =>
  until('it sleeps', async () => {
    await runDurableObjectAlarm(stubOf(sandbox));
    return (await info(sandbox)).state === 'stopped';
  });

/** As the alarm does when nothing was heard for `sleepAfter`. */
const goesIdle = (sandbox: TestSandbox) =>
  runInDurableObject(stubOf(sandbox), (instance) => instance.onActivityExpired());

test('a sandbox that slept wakes with its sessions as they were', async () => {
  const sandbox = newSandbox();
  await sleepsAfter(sandbox, { sleepAfter: 1 });
  await sandbox.call('/sessions', { body: { id: 'other' } });
  await sandbox.exec('cd /tmp; f() { echo "f $1"; }; x=1', {}, 'other');
  await fallsAsleep(sandbox);
  expect((await sessions(sandbox)).find(({ id }) => id === 'other')?.cwd).toBe('/tmp');
  expect((await info(sandbox)).state).toBe('stopped');
  expect((await sandbox.exec('pwd; f $x', {}, 'other')).stdout).toBe('/tmp\nf 1\n');
  expect((await info(sandbox)).generation).toBe(2);
});

test('what the last pull missed is pulled before the container ends', async () => {
  const sandbox = newSandbox();
  await sandbox.exec('x=before');
  // Of a pull on the way, if there is time for one, and those before the end, of which there are up to three.
  await cut(sandbox, /sync$/, ['answer', 'answer']);
  await sandbox.exec('x=newest', { id: 'a' });
  await goesIdle(sandbox);
  await until('it ends', async () => (await info(sandbox)).state === 'stopped');
  expect((await sandbox.exec('echo $x')).stdout).toBe('newest\n');
  expect(await (await sandbox.call('/commands/a')).json()).toMatchObject({ state: 'exited' });
});

test('an engine that never answers a pull is stopped all the same', async () => {
  const sandbox = newSandbox();
  await sandbox.exec('true');
  await cut(
    sandbox,
    /sync$/,
    Array.from({ length: 100 }, () => 'answer'),
  );
  await goesIdle(sandbox);
  await until('it ends', async () => (await info(sandbox)).state === 'stopped');
  expect((await sandbox.exec('echo up')).stdout).toBe('up\n');
});

test('a stream that its client abandoned does not keep the sandbox awake, and one that is read does', async () => {
  const sandbox = newSandbox();
  await sleepsAfter(sandbox, { sleepAfter: 1 });
  const endless = { command: 'while :; do echo tick; sleep 0.05; done', disconnectGraceMs: 0 };
  const stream = await sandbox.call('/sessions/default/exec', { body: endless, headers: SSE });
  const events = decodeEvents(stream.body!);
  let ticks = 0;
  // Three times as long as it takes to fall asleep, and the alarm looks all the while.
  for (const end = Date.now() + 3_000; Date.now() < end; ticks += 1) {
    expect((await events.next()).done).toBe(false);
    if (ticks % 10 === 0) await goesIdle(sandbox);
  }
  expect(await info(sandbox)).toMatchObject({ state: 'running', generation: 1 });
  await events.return();
  await fallsAsleep(sandbox);
  // A silent one as well: nothing is written that would show that nobody reads.
  const silent = await sandbox.call('/sessions/default/exec', {
    body: { command: 'sleep 600', disconnectGraceMs: 0 },
    headers: SSE,
  });
  const begun = decodeEvents(silent.body!);
  expect((await begun.next()).value?.type).toBe('start');
  await begun.return();
  await fallsAsleep(sandbox);
  expect((await info(sandbox)).generation).toBe(2);
});

test('who comes while the container ends gets the next one, with the session', async () => {
  const sandbox = newSandbox();
  await sandbox.exec('x=1');
  const ending = goesIdle(sandbox);
  const answers = await Promise.all(Array.from({ length: 5 }, () => sandbox.exec('echo $x')));
  await ending;
  expect(answers.map(({ stdout }) => stdout)).toEqual(Array(5).fill('1\n'));
  expect((await info(sandbox)).generation).toBeLessThanOrEqual(2);
});

import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import type { CommandInfo, SandboxInfo } from '#protocol';
import { codeOf, newSandbox } from './harness/api.ts';
import { until } from './harness/until.ts';

type TestSandbox = ReturnType<typeof newSandbox>;
const stubOf = (sandbox: TestSandbox) => env.SANDBOX.getByName(sandbox.name);
const info = async (sandbox: TestSandbox) => (await sandbox.call('')).json<SandboxInfo>();
const commands = async (sandbox: TestSandbox) =>
  (await (await sandbox.call('/commands')).json<{ commands: CommandInfo[] }>()).commands;
const stored = (sandbox: TestSandbox) =>
  runInDurableObject(stubOf(sandbox), (_, { storage }) =>
    storage.sql
      .exec('SELECT id, session_id, state, exit_code, stdout_bytes, generation FROM commands ORDER BY id')
      .toArray(),
  );

/** Ends the container as a crash would, behind the Durable Object's back. */
async function crash(sandbox: TestSandbox): Promise<void> {
  await runInDurableObject(stubOf(sandbox), (_, ctx) => ctx.container!.signal(9));
  await until('the container is gone', async () => (await info(sandbox)).state === 'stopped');
}

test('commands are in storage soon after their answers', async () => {
  const sandbox = newSandbox();
  await sandbox.call('/sessions', { body: { id: 'other' } });
  await sandbox.exec('echo one', { id: 'a' });
  await sandbox.exec('exit 3', { id: 'b' }, 'other');
  const rows = await until('both ended', async () => {
    const all = await stored(sandbox);
    return all.length === 2 && all.every((row) => row.state === 'exited') && all;
  });
  expect(rows).toEqual([
    { id: 'a', session_id: 'default', state: 'exited', exit_code: 0, stdout_bytes: 4, generation: 1 },
    { id: 'b', session_id: 'other', state: 'exited', exit_code: 3, stdout_bytes: 0, generation: 1 },
  ]);
  expect((await info(sandbox)).sessions.map((session) => session.id).sort()).toEqual(['default', 'other']);
});

test('after a crash the sandbox is told and its history read without waking it', async () => {
  const sandbox = newSandbox();
  await sandbox.exec('seq 1 5000', { id: 'a' });
  await until('it is stored', async () => (await stored(sandbox)).length === 1);
  await crash(sandbox);
  expect((await commands(sandbox)).map((command) => command.id)).toEqual(['a']);
  expect(await (await sandbox.call('/commands/a')).json()).toMatchObject({
    id: 'a',
    state: 'exited',
    exitCode: 0,
  });
  expect(await codeOf(await sandbox.call('/commands/a/output/stdout'))).toBe('COMMAND_EXPIRED');
  expect(await codeOf(await sandbox.call('/commands/none'))).toBe('COMMAND_NOT_FOUND');
  expect(await info(sandbox)).toMatchObject({ state: 'stopped', generation: 1 });
});

test('a new start of the container goes on with the history, and what ran in the old one is lost', async () => {
  const sandbox = newSandbox();
  const running = sandbox.call('/sessions/default/exec', { body: { command: 'sleep 600', id: 'long' } });
  await until('it runs', async () => (await sandbox.call('/commands/long')).status === 200);
  await sandbox.call('/sessions', { body: { id: 'other' } });
  await sandbox.exec('echo one', { id: 'a' }, 'other');
  const isStored = ({ id, state }: Record<string, unknown>) => id === 'a' && state === 'exited';
  await until('its end is stored', async () => (await stored(sandbox)).some(isStored));
  await crash(sandbox);
  const answer = await running;
  await answer.text().catch(() => 'broken off');
  await sandbox.exec('echo two', { id: 'b' });
  expect((await commands(sandbox)).map(({ id, state }) => [id, state])).toEqual([
    ['b', 'exited'],
    ['a', 'exited'],
    ['long', 'lost'],
  ]);
  expect(await codeOf(await sandbox.call('/commands/long/events'))).toBe('COMMAND_LOST');
  expect(await info(sandbox)).toMatchObject({ state: 'running', generation: 2 });
});

test('a Durable Object that leaves memory and comes back finds its container, its settings and its history again', async () => {
  const sandbox = newSandbox();
  await sandbox.call('', { method: 'PATCH', body: { sleepAfter: '2h' } });
  await sandbox.exec('x=kept', { id: 'a' });
  await until('it is stored', async () => (await stored(sandbox)).length === 1);
  // As an eviction or a deployment would: the object is gone from memory, whatever it waited for.
  await expect(runInDurableObject(stubOf(sandbox), (_, ctx) => ctx.abort('evicted'))).rejects.toThrow(
    'evicted',
  );
  expect(await info(sandbox)).toMatchObject({
    state: 'running',
    generation: 1,
    settings: { sleepAfter: '2h' },
  });
  expect((await sandbox.exec('echo $x')).stdout).toBe('kept\n');
  expect((await info(sandbox)).generation).toBe(1);
});

test('the history keeps the newest thousand, and a late answer of an old start changes nothing', async () => {
  const sandbox = newSandbox();
  await sandbox.exec('true', { id: 'a' });
  const row = await until(
    'it is stored',
    async () => (await stored(sandbox)).length === 1 && (await commands(sandbox))[0],
  );
  const { CommandHistory } = await import('../../worker/store/command-history.ts');
  await runInDurableObject(stubOf(sandbox), (_, { storage }) => {
    const history = new CommandHistory(storage.sql);
    history.record([{ ...row, state: 'running' }], 0);
    expect(history.get('a')?.state).toBe('exited');
    const later = (i: number) => new Date(Date.parse(row.createdAt) + i).toISOString();
    history.record(
      Array.from({ length: 1_200 }, (_, i) => ({ ...row, id: `n${i}`, createdAt: later(i + 1) })),
      1,
    );
    const kept = history.list();
    expect(kept.length).toBe(1_000);
    expect(kept[0]?.id).toBe('n1199');
    expect(history.get('a')).toBeUndefined();
    // What runs is told however much came after it.
    history.record([{ ...row, id: 'server', mode: 'background', state: 'running' }], 1);
    expect(history.get('server')?.state).toBe('running');
    history.loseUnfinishedBefore(2);
    expect(history.processesBefore(2)).toMatchObject([{ id: 'server', state: 'lost' }]);
  });
});

test('DELETE ends the container and forgets everything; the next command finds a new sandbox', async () => {
  const sandbox = newSandbox();
  await sandbox.call('', { method: 'PATCH', body: { env: { A: '1' } } });
  await sandbox.exec('x=1; touch here', { id: 'a' });
  expect((await sandbox.call('', { method: 'DELETE' })).status).toBe(204);
  expect(await codeOf(await sandbox.call(''))).toBe('SANDBOX_NOT_FOUND');
  expect(await stored(sandbox)).toEqual([]);
  expect((await sandbox.exec('echo "[$x$A]"; ls', { id: 'a' })).stdout).toBe('[]\n');
  expect((await info(sandbox)).generation).toBe(1);
  expect((await sandbox.call('', { method: 'DELETE' })).status).toBe(204);
});

test('an idle sandbox sleeps after sleepAfter, and the next command wakes it', async () => {
  const sandbox = newSandbox();
  await sandbox.exec('true');
  await sandbox.call('', { method: 'PATCH', body: { sleepAfter: 1 } });
  await until('it sleeps', async () => {
    await runDurableObjectAlarm(stubOf(sandbox));
    return (await info(sandbox)).state === 'stopped';
  });
  expect((await sandbox.exec('echo awake')).stdout).toBe('awake\n');
  expect((await info(sandbox)).generation).toBe(2);
});

for (const [why, settings] of [
  ['keepAlive is set', { sleepAfter: 1, keepAlive: true }],
  ['a command runs that nobody is connected to', { sleepAfter: 1 }],
  ['a client is connected', { sleepAfter: 1 }],
] as const) {
  test(`a sandbox stays awake while ${why}`, async () => {
    const sandbox = newSandbox();
    await sandbox.call('', { method: 'PATCH', body: settings });
    let response: Response | undefined;
    if (why.startsWith('a c')) {
      response = await sandbox.call('/sessions/default/exec', {
        body: { command: 'sleep 600', disconnectGraceMs: null },
        headers: { accept: 'text/event-stream' },
      });
      if (why.startsWith('a command')) await response.body!.cancel();
    } else await sandbox.exec('true');
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await runInDurableObject(stubOf(sandbox), (instance) => instance.onActivityExpired());
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await info(sandbox)).state).toBe('running');
    await response?.body?.cancel().catch(() => {});
    await sandbox.call('', { method: 'DELETE' });
  });
}

test('a container that does not come up is CONTAINER_UNAVAILABLE, with a hint when to repeat', async () => {
  const sandbox = newSandbox();
  await runInDurableObject(stubOf(sandbox), (instance) => {
    instance.start = () => Promise.reject(new Error('no room for another one'));
  });
  const response = await sandbox.call('/sessions/default/exec', { body: { command: 'true' } });
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBe('2');
  expect(await codeOf(response)).toBe('CONTAINER_UNAVAILABLE');
  const dialect = await sandbox.call('/session', { body: {} });
  expect(dialect.status).toBe(503);
  expect(await dialect.json()).toEqual({ code: 'RUNTIME_ERROR', message: expect.any(String) });
});

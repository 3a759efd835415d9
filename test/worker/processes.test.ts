// Processes through the Worker and the Durable Object: what storage knows of them, and what they mean for sleep.
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import type { CommandInfo, OutputPage, ProcessInfo, ProcessList, SandboxInfo, WaitResult } from '#protocol';
import { codeOf, newSandbox } from './harness/api.ts';
import { until } from './harness/until.ts';

type TestSandbox = ReturnType<typeof newSandbox>;
const stubOf = (sandbox: TestSandbox) => env.SANDBOX.getByName(sandbox.name);
const info = async (sandbox: TestSandbox) => (await sandbox.call('')).json<SandboxInfo>();
const processes = async (sandbox: TestSandbox) =>
  (await (await sandbox.call('/processes')).json<ProcessList>()).processes;
const stored = (sandbox: TestSandbox) =>
  runInDurableObject(stubOf(sandbox), (_, { storage }) =>
    storage.sql.exec('SELECT id, mode, state, exit_code FROM commands ORDER BY id').toArray(),
  );

async function start(sandbox: TestSandbox, command: string, options = {}): Promise<ProcessInfo> {
  const response = await sandbox.call('/processes', { body: { command, ...options } });
  expect(response.status).toBe(201);
  return response.json();
}

async function waitFor(sandbox: TestSandbox, id: string, body: unknown): Promise<WaitResult> {
  return (await sandbox.call(`/processes/${id}/wait`, { body })).json();
}

async function crash(sandbox: TestSandbox): Promise<void> {
  await runInDurableObject(stubOf(sandbox), (_, ctx) => ctx.container!.signal(9));
  await until('the container is gone', async () => (await info(sandbox)).state === 'stopped');
}

/** Lets the alarm that looks for idleness go off, as time would. */
const fallsAsleep = (sandbox: TestSandbox) =>
  until('it sleeps', async () => {
    await runDurableObjectAlarm(stubOf(sandbox));
    return (await info(sandbox)).state === 'stopped';
  });

test('a process is started, talked to, watched and ended, and its row follows', async () => {
  const sandbox = newSandbox();
  const { pid } = await start(sandbox, 'echo ready; cat; exit 3', { id: 'p', stdinOpen: true });
  expect(pid).toBeGreaterThan(1);
  expect(await waitFor(sandbox, 'p', { for: 'output', text: 'ready' })).toMatchObject({
    met: true,
    match: { stream: 'stdout', text: 'ready', nextSeq: 1 },
    process: { id: 'p', state: 'running' },
  });
  const raw = { 'content-type': 'application/octet-stream' };
  expect((await sandbox.call('/processes/p/stdin', { body: 'hello\n', headers: raw })).status).toBe(204);
  const page = await (await sandbox.call('/processes/p/output?since=1&waitMs=10000')).json<OutputPage>();
  expect(page).toMatchObject({
    chunks: [{ stream: 'stdout', data: 'hello\n' }],
    alive: true,
    exitCode: null,
  });
  await until('its row is there', async () => (await stored(sandbox))[0]?.state === 'running');
  expect(
    (
      await sandbox.call('/processes/p/stdin', {
        body: { eof: true },
        headers: { 'content-type': 'application/json' },
      })
    ).status,
  ).toBe(204);
  expect(await waitFor(sandbox, 'p', { for: 'exit' })).toMatchObject({ met: true, process: { exitCode: 3 } });
  await until('its row has the exit', async () => (await stored(sandbox))[0]?.state === 'settled');
  expect(await stored(sandbox)).toEqual([{ id: 'p', mode: 'background', state: 'settled', exit_code: 3 }]);
  expect(await (await sandbox.call('/commands/p')).json<CommandInfo>()).toMatchObject({ mode: 'background' });
});

test('ids and bodies are checked before the Durable Object is asked', async () => {
  const sandbox = newSandbox();
  const refused = [
    sandbox.call('/processes/a%20b'),
    sandbox.call('/processes', { body: { comand: 'true' } }),
    sandbox.call('/processes/p/wait', { body: { for: 'port' } }),
    sandbox.call('/processes/p/wait', { body: { for: 'output' } }),
    sandbox.call('/processes/p/wait', { body: { for: 'output', pattern: '(' } }),
    sandbox.call('/processes/p/wait', { body: { for: 'output', text: 'a', pattern: 'a' } }),
    sandbox.call('/processes/p/wait', { body: { for: 'rain' } }),
    sandbox.call('/processes/p/signal', { body: {} }),
  ];
  for (const response of await Promise.all(refused)) expect(await codeOf(response)).toBe('INVALID_REQUEST');
  expect((await sandbox.call('')).status).toBe(404);
  const reader = await sandbox.token('read');
  const forbidden = await sandbox.call('/processes', { body: { command: 'true' }, token: reader });
  expect(await codeOf(forbidden)).toBe('FORBIDDEN');
  expect((await sandbox.call('/processes', { token: reader })).status).toBe(200);
});

test('a wait that is never met is PROCESS_EXITED, and one whose time passes leaves the process', async () => {
  const sandbox = newSandbox();
  await start(sandbox, 'cat', { id: 'p', stdinOpen: true });
  expect(await waitFor(sandbox, 'p', { for: 'output', text: 'x', waitMs: 50 })).toMatchObject({
    met: false,
    process: { state: 'running' },
  });
  await sandbox.call('/processes/p/terminate', { body: {} });
  const response = await sandbox.call('/processes/p/wait', { body: { for: 'output', text: 'x' } });
  expect(response.status).toBe(409);
  expect(await codeOf(response)).toBe('PROCESS_EXITED');
});

test('after a crash what ran is lost, what had ended is told, and asking wakes nothing', async () => {
  const sandbox = newSandbox();
  await start(sandbox, 'exit 4', { id: 'ended' });
  await waitFor(sandbox, 'ended', { for: 'exit' });
  await start(sandbox, 'sleep 600', { id: 'running' });
  await until('both are stored', async () => {
    const states = (await stored(sandbox)).map(({ state }) => state);
    return states.join() === 'settled,running';
  });
  await crash(sandbox);
  const told = [
    { id: 'running', state: 'lost', pid: null, exitCode: null },
    { id: 'ended', state: 'settled', pid: null, exitCode: 4 },
  ];
  expect(await processes(sandbox)).toMatchObject(told);
  expect(await (await sandbox.call('/processes/running')).json()).toMatchObject(told[0]!);
  expect(await (await sandbox.call('/commands/running')).json()).toMatchObject({ state: 'lost' });
  const asked = async (path: string, method?: string) =>
    codeOf(await sandbox.call(path, method ? { method, body: {} } : {}));
  expect(await asked('/processes/running/output?waitMs=1000')).toBe('COMMAND_LOST');
  expect(await asked('/processes/running/terminate', 'POST')).toBe('COMMAND_LOST');
  expect(await asked('/processes/ended/output')).toBe('COMMAND_EXPIRED');
  expect(await asked('/commands/ended/output')).toBe('COMMAND_EXPIRED');
  expect(await asked('/processes/none')).toBe('PROCESS_NOT_FOUND');
  expect(await info(sandbox)).toMatchObject({ state: 'stopped', generation: 1 });

  // A new start of the container knows none of them, and still they are told.
  await start(sandbox, 'cat', { id: 'new', stdinOpen: true });
  expect((await processes(sandbox)).map(({ id, state }) => [id, state])).toEqual([
    ['new', 'running'],
    ['running', 'lost'],
    ['ended', 'settled'],
  ]);
  expect(await asked('/processes/running/terminate', 'POST')).toBe('COMMAND_LOST');
  expect((await sandbox.call('/processes/running', { method: 'DELETE' })).status).toBe(204);
  expect((await sandbox.call('/processes/new', { method: 'DELETE' })).status).toBe(204);
  expect(await asked('/processes/new')).toBe('PROCESS_NOT_FOUND');
  expect((await processes(sandbox)).map(({ id }) => id)).toEqual(['ended']);
  expect(await info(sandbox)).toMatchObject({ state: 'running', generation: 2 });
});

for (const [what, command] of [
  ['a process', 'exec sleep 600'],
  ['what a process left in the background', 'sleep 600 & exit 0'],
] as const) {
  test(`a sandbox stays awake while ${what} runs, and sleeps when it ended`, async () => {
    const sandbox = newSandbox();
    await sandbox.call('', { method: 'PATCH', body: { sleepAfter: 1 } });
    await start(sandbox, command, { id: 'p' });
    await runInDurableObject(stubOf(sandbox), (instance) => instance.onActivityExpired());
    expect((await info(sandbox)).state).toBe('running');
    expect(await waitFor(sandbox, 'p', { for: 'output', text: 'x', waitMs: 0 })).toMatchObject({
      met: false,
    });
    await sandbox.call('/processes/p/terminate', { body: {} });
    await fallsAsleep(sandbox);
  });
}

test('with force a sandbox sleeps although a process runs, and ends it', async () => {
  const sandbox = newSandbox();
  const settings = { sleepAfter: { after: '1s', force: true } };
  const response = await sandbox.call('', { method: 'PATCH', body: settings });
  expect((await response.json<SandboxInfo>()).settings).toMatchObject(settings);
  const { pid } = await start(sandbox, 'exec sleep 600', { id: 'p' });
  await fallsAsleep(sandbox);
  expect(await (await sandbox.call('/processes/p')).json()).toMatchObject({ state: 'lost' });
  // The local host's processes are the machine's, so the next engine can look.
  const { stdout } = await sandbox.exec(`cat /proc/${pid}/comm || echo gone`);
  expect(stdout).toBe('gone\n');
  expect((await info(sandbox)).generation).toBe(2);
});

test('a run that yields goes on through the Worker, and its page tells the rest', async () => {
  const sandbox = newSandbox();
  const body = { command: 'echo one; read; echo two', id: 'y', yieldMs: 250, stdinOpen: true };
  const response = await sandbox.call('/sessions/default/exec', { body });
  expect(response.status).toBe(202);
  const { nextSeq } = await response.json<{ nextSeq: number }>();
  const waiting = sandbox.call(`/commands/y/output?since=${nextSeq}&waitMs=10000`);
  await sandbox.call('/commands/y/stdin', { body: '\n', headers: { 'content-type': 'text/plain' } });
  expect(await (await waiting).json<OutputPage>()).toMatchObject({ chunks: [{ data: 'two\n' }] });
});

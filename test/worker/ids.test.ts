import { runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';
import { type CommandInfo, decodeEvents, type ExecResult, type ProcessInfo } from '#protocol';
import { codeOf, newSandbox } from './harness/api.ts';
import { type Cut, cut } from './harness/cuts.ts';
import { crash, info, rows, stubOf, type TestSandbox } from './harness/generations.ts';
import { until } from './harness/until.ts';

const SSE = { accept: 'text/event-stream' };
/** Outside of the sandbox's folder, which goes with its container. */
const witness = () => `/tmp/holdfast-witness-${crypto.randomUUID()}`;
const kept = (sandbox: TestSandbox, id: string) =>
  until(
    `${id} is kept`,
    async () => (await rows(sandbox, 'SELECT age FROM kept_events WHERE command_id = ?', id))[0],
  );
const run = (sandbox: TestSandbox, body: object, headers = {}) =>
  sandbox.call('/sessions/default/exec', { body, headers });

test('a repeat after a lost container has the result of the first run, and nothing runs', async () => {
  const sandbox = newSandbox();
  const file = witness();
  const body = { command: `echo run >> ${file}; printf 'out\\0\\377'; echo err >&2; (exit 3)`, id: 'a' };
  const first = await (await run(sandbox, body)).json<ExecResult>();
  await kept(sandbox, 'a');
  await crash(sandbox);
  const again = await (await run(sandbox, body)).json<ExecResult>();
  expect(again).toEqual(first);
  // Storage was enough.
  expect((await info(sandbox)).state).toBe('stopped');
  const stream = await Array.fromAsync(decodeEvents((await run(sandbox, body, SSE)).body!));
  expect(stream.map(({ type }) => type).filter((type) => type !== 'stderr')).toEqual([
    'start',
    'stdout',
    'exit',
  ]);
  expect(stream.at(-1)).toMatchObject({ exitCode: 3, cwd: first.cwd });
  expect(await codeOf(await run(sandbox, { ...body, cwd: '/tmp' }))).toBe('COMMAND_ID_CONFLICT');
  expect(await codeOf(await run(sandbox, { ...body, command: 'true' }))).toBe('COMMAND_ID_CONFLICT');
  expect(await (await sandbox.call('/commands/a/output/stderr')).text()).toBe('err\n');
  const seqs = stream.flatMap((event) => ('seq' in event ? [event.seq] : []));
  const rest = await sandbox.call(`/commands/a/events?after=${seqs[0]}`);
  const tail = await Array.fromAsync(decodeEvents(rest.body!));
  expect(tail).toEqual(stream.slice(stream.findIndex((event) => 'seq' in event) + 1));
  // In the next generation as well.
  expect((await sandbox.exec(`cat ${file}; rm ${file}`)).stdout).toBe('run\n');
  expect(await (await run(sandbox, body)).json()).toEqual(first);
  expect(await codeOf(await run(sandbox, { ...body, stdin: 'x' }))).toBe('COMMAND_ID_CONFLICT');
});

test('of what is kept a reader that was cut off anywhere gets the rest, and nothing twice', async () => {
  const sandbox = newSandbox();
  const lines = Array.from({ length: 12 }, (_, i) => `line ${i + 1}\n`);
  const body = { command: 'for i in {1..12}; do echo line $i; done', id: 'a' };
  expect((await (await run(sandbox, body)).json<ExecResult>()).stdout).toBe(lines.join(''));
  await kept(sandbox, 'a');
  await crash(sandbox);
  for (let after = 0; after <= lines.length; after++) {
    const rest = await sandbox.call(`/commands/a/events?after=${after}`);
    let output = '';
    for await (const event of decodeEvents(rest.body!)) if ('data' in event) output += event.data;
    expect(output).toBe(lines.slice(after).join(''));
  }
  expect((await info(sandbox)).state).toBe('stopped');
});

test('the same request told in another way is the same request', async () => {
  const sandbox = newSandbox();
  const first = { command: 'cat', id: 'a', env: { A: '1', B: '2' }, stdin: 'hej', timeoutMs: 5_000 };
  const other = {
    id: 'a',
    command: 'cat',
    env: { B: '2', A: '1' },
    stdinBase64: btoa('hej'),
    stdinOpen: false,
  };
  expect((await (await run(sandbox, first)).json<ExecResult>()).stdout).toBe('hej');
  expect((await (await run(sandbox, other)).json<ExecResult>()).stdout).toBe('hej');
  await kept(sandbox, 'a');
  await crash(sandbox);
  expect((await (await run(sandbox, other)).json<ExecResult>()).stdout).toBe('hej');
});

test('output that is too large to keep is expired, and the command not run again', async () => {
  const sandbox = newSandbox();
  const body = { command: 'seq 1 10000', id: 'large' };
  await (await run(sandbox, body)).text();
  await until('it is stored', async () => (await rows(sandbox, 'SELECT id FROM commands')).length === 1);
  await crash(sandbox);
  expect(await codeOf(await run(sandbox, body))).toBe('COMMAND_EXPIRED');
  expect(await codeOf(await sandbox.call('/commands/large/output/stdout'))).toBe('COMMAND_EXPIRED');
  expect((await info(sandbox)).state).toBe('stopped');
});

for (const [when, pulled] of [
  ['after the history told that it runs', true],
  ['before the history told of it', false],
] as const) {
  test(`a command whose container was lost ${when} is lost, and never runs again`, async () => {
    const sandbox = newSandbox();
    const file = witness();
    const body = { command: `echo run >> ${file}; sleep 600`, id: 'a' };
    await sandbox.exec('true');
    if (!pulled)
      await rows(
        sandbox,
        "CREATE TRIGGER forget AFTER INSERT ON commands WHEN NEW.id = 'a' BEGIN DELETE FROM commands WHERE id = 'a'; END",
      );
    const running = run(sandbox, body);
    await until(
      'it runs',
      async () => (await sandbox.exec(`cat ${file}`, {}, await other(sandbox))).stdout === 'run\n',
    );
    if (pulled)
      await until(
        'it is told',
        async () => (await rows(sandbox, "SELECT id FROM commands WHERE id = 'a'")).length,
      );
    await crash(sandbox);
    await (await running).text().catch(() => 'broken off');
    for (const generation of [1, 2]) {
      expect(await codeOf(await run(sandbox, body))).toBe('COMMAND_LOST');
      expect(await codeOf(await run(sandbox, { ...body, command: 'true' }))).toBe('COMMAND_ID_CONFLICT');
      expect(await codeOf(await run(sandbox, body, SSE))).toBe('COMMAND_LOST');
      expect(await codeOf(await sandbox.call('/commands/a/events'))).toBe('COMMAND_LOST');
      expect(await codeOf(await sandbox.call('/commands/a/output/stdout'))).toBe('COMMAND_LOST');
      const looked = await sandbox.call('/commands/a');
      if (pulled) expect((await looked.json<CommandInfo>()).state).toBe('lost');
      else expect(await codeOf(looked)).toBe('COMMAND_LOST');
      expect((await info(sandbox)).generation).toBe(generation);
      expect((await sandbox.exec(`cat ${file}`)).stdout).toBe('run\n');
    }
    await sandbox.exec(`rm ${file}`);
  });
}

test('a request that never arrived does not run later where its twin did', async () => {
  const sandbox = newSandbox();
  const file = witness();
  const body = { command: `echo run >> ${file}; sleep 600`, id: 'a' };
  await sandbox.exec('true');
  const otherSession = await other(sandbox);
  const never = Array.from({ length: 1_000 }, (): Cut => 'before');
  await cut(sandbox, /default\/exec$/, ['before', 'pass', ...never]);
  const twins = [run(sandbox, body), run(sandbox, body)];
  const witnessed = async (session: string) => (await sandbox.exec(`cat ${file}`, {}, session)).stdout;
  await until('one runs', async () => (await witnessed(otherSession)) === 'run\n');
  await crash(sandbox);
  for (const twin of twins) expect(await codeOf(await twin)).toBe('COMMAND_LOST');
  expect(await witnessed(otherSession)).toBe('run\n');
  await sandbox.exec(`rm ${file}`, {}, otherSession);
});

async function other(sandbox: TestSandbox): Promise<string> {
  await (await sandbox.call('/sessions', { body: { id: 'other' } })).text();
  return 'other';
}

test('whoever waited for a command of a lost container is told that it is lost', async () => {
  const sandbox = newSandbox();
  const stream = await run(sandbox, { command: 'echo one; sleep 600' }, SSE);
  const early = await sandbox.call('/processes', { body: { command: 'sleep 600', id: 'p' } });
  await early.text();
  await sandbox.call('/sessions', { body: { id: 'other' } });
  const waiting = await sandbox.call('/sessions/other/exec', { body: { command: 'sleep 600' } });
  const events = decodeEvents(stream.body!);
  expect([(await events.next()).value?.type, (await events.next()).value?.type]).toEqual(['start', 'stdout']);
  await crash(sandbox);
  expect(await events.next()).toMatchObject({ value: { type: 'error', code: 'COMMAND_LOST' } });
  expect(await events.next()).toMatchObject({ done: true });
  // Its headers are long gone: the error is in the body.
  expect(await waiting.json()).toMatchObject({ error: { code: 'COMMAND_LOST' } });
});

test('a process that ended is told to a repeat after its container is gone, and one that ran is lost', async () => {
  const sandbox = newSandbox();
  const start = (body: object) => sandbox.call('/processes', { body });
  await (await start({ command: 'exit 4', id: 'ended' })).text();
  await (await start({ command: 'sleep 600', id: 'running' })).text();
  await until('both are stored', async () => {
    const states = await rows(sandbox, 'SELECT state FROM commands ORDER BY id');
    return states.map(({ state }) => state).join() === 'settled,running';
  });
  await crash(sandbox);
  const ended = await start({ command: 'exit 4', id: 'ended' });
  expect(ended.status).toBe(201);
  expect(await ended.json<ProcessInfo>()).toMatchObject({ state: 'settled', exitCode: 4, pid: null });
  expect(await codeOf(await start({ command: 'sleep 600', id: 'running' }))).toBe('COMMAND_LOST');
  expect(await codeOf(await start({ command: 'sleep 60', id: 'running' }))).toBe('COMMAND_ID_CONFLICT');
  expect((await info(sandbox)).state).toBe('stopped');
});

test('a refusal frees the id: what never ran may be tried again, also in another generation', async () => {
  const sandbox = newSandbox();
  expect(await codeOf(await run(sandbox, { command: 'pwd', cwd: '/nowhere', id: 'a' }))).toBe(
    'CWD_NOT_FOUND',
  );
  const missing = await sandbox.call('/sessions/none/exec', { body: { command: 'true', id: 'b' } });
  expect(await codeOf(missing)).toBe('SESSION_NOT_FOUND');
  expect(await rows(sandbox, 'SELECT id FROM command_ids')).toEqual([]);
  await crash(sandbox);
  expect((await sandbox.exec('echo a', { id: 'a' })).stdout).toBe('a\n');
  expect((await sandbox.exec('echo b', { id: 'b' })).stdout).toBe('b\n');
});

test('a client cannot give the id of another layer', async () => {
  const sandbox = newSandbox();
  const headers = { 'x-holdfast-command-id': 'mine' };
  const first = await (await run(sandbox, { command: 'echo 1' }, headers)).json<ExecResult>();
  expect(first.id).not.toBe('mine');
  expect((await (await run(sandbox, { command: 'echo 2', id: 'own' }, headers)).json<ExecResult>()).id).toBe(
    'own',
  );
});

test('ids and what is kept of commands stay bounded', async () => {
  const sandbox = newSandbox();
  await sandbox.exec('true', { id: 'first' });
  const { CommandIds } = await import('../../worker/store/command-ids.ts');
  const { KeptEvents } = await import('../../worker/store/kept-events.ts');
  await runInDurableObject(stubOf(sandbox), (_, { storage }) => {
    const { sql } = storage;
    sql.exec('INSERT INTO command_ids (age, id, generation, fingerprint) VALUES (100000, ?, 1, ?)', 'n', 'f');
    const ids = new CommandIds(sql);
    ids.take('newest', { generation: 1, fingerprint: 'f' });
    expect([ids.get('first'), ids.get('n')?.fingerprint, ids.get('newest')?.fingerprint]).toEqual([
      undefined,
      'f',
      'f',
    ]);
    const events = new KeptEvents(sql);
    for (let i = 0; i < 700; i += 1) events.put(`e${i}`, new Uint8Array([i % 256]));
    expect(sql.exec('SELECT count(*) AS count FROM kept_events').one()).toEqual({ count: 300 });
    expect(events.get('e699')).toEqual(new Uint8Array([699 % 256]));
    expect(events.has('e0')).toBe(false);
  });
});

import { SELF } from 'cloudflare:test';
import { expect, test } from 'vitest';
import { Holdfast } from '../../sdk/index.ts';
import { API_KEY, codeOf, newSandbox, ORIGIN } from './harness/api.ts';
import { evict, info, rows, saved, sessions } from './harness/generations.ts';
import { until } from './harness/until.ts';

const LINES = 20_000;
const ALL = Array.from({ length: LINES }, (_, i) => `${i + 1}\n`).join('');

function withClient() {
  const sandbox = newSandbox();
  const fetch = (input: RequestInfo | URL, init?: RequestInit) => SELF.fetch(String(input), init);
  const retry = { firstDelayMs: 20 };
  const holdfast = new Holdfast({ url: ORIGIN, apiKey: API_KEY, fetch, retry });
  return { sandbox, client: holdfast.sandbox(sandbox.name) };
}

test('a stream goes on for its reader while its Durable Object leaves memory again and again', async () => {
  const { sandbox, client } = withClient();
  const session = client.session('default');
  const command = `for i in $(seq 1 ${LINES}); do echo $i; (( i % 4000 )) || sleep 0.2; done; echo $((++runs)) >&2`;
  let output = '';
  let evictions = 0;
  const types: string[] = [];
  for await (const event of session.execStream(command)) {
    if (event.type === 'stdout' && 'data' in event) output += event.data;
    else types.push(event.type === 'stderr' && 'data' in event ? event.data : event.type);
    if (output.length > (evictions + 1) * 20_000) {
      evictions += 1;
      await evict(sandbox);
    }
  }
  expect(output === ALL).toBe(true);
  expect(types).toEqual(['start', '1\n', 'exit']);
  expect(evictions).toBeGreaterThan(2);
  expect((await info(sandbox)).generation).toBe(1);
});

test('a result, and a process, are waited for across the same', async () => {
  const { sandbox, client } = withClient();
  const running = client.session('default').exec('echo $((++runs)); sleep 1; echo end');
  await until('it runs', async () => (await sessions(sandbox)).some((s) => s.runningCommand));
  await evict(sandbox);
  expect((await running).stdout).toBe('1\nend\n');
  const process = await client.startProcess('sleep 1; echo done');
  const waiting = process.waitForOutput('done');
  await evict(sandbox);
  expect((await waiting).text).toBe('done');
});

test('what must not be repeated is told to be unknown', async () => {
  const sandbox = newSandbox();
  await sandbox.call('/processes', { body: { command: 'cat', id: 'p', stdinOpen: true } });
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const writing = sandbox.call('/processes/p/stdin', {
    body: readable,
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
  });
  await writer.write(new TextEncoder().encode('half'));
  // Before it came to the engine, the next Durable Object would carry it on.
  await until('half of it was written', async () => {
    const raw = await sandbox.call('/commands/p/output/stdout');
    return (await raw.text()) === 'half';
  });
  await evict(sandbox);
  const answer = await writing;
  expect(answer.status).toBe(502);
  expect(await codeOf(answer)).toBe('CONNECTION_FAILED');
  await writer.abort().catch(() => {});
});

test('sessions, settings, history and ids are there again', async () => {
  const sandbox = newSandbox();
  await sandbox.call('', { method: 'PATCH', body: { sleepAfter: '2h', env: { A: '1' } } });
  await sandbox.call('/sessions', { body: { id: 'other' } });
  const body = { command: 'echo $((++n))', id: 'a' };
  await sandbox.exec(body.command, { id: 'a' }, 'other');
  await saved(sandbox, 'other', 'n=');
  await until('it is told', async () => (await rows(sandbox, 'SELECT id FROM commands')).length === 1);
  await evict(sandbox);
  expect(await info(sandbox)).toMatchObject({
    generation: 1,
    settings: { sleepAfter: '2h', env: { A: '1' } },
  });
  expect((await sessions(sandbox)).map(({ id }) => id).sort()).toEqual(['default', 'other']);
  expect((await sandbox.exec(body.command, { id: 'a' }, 'other')).stdout).toBe('1\n');
  const conflict = await sandbox.call('/sessions/other/exec', { body: { ...body, command: 'true' } });
  expect(await codeOf(conflict)).toBe('COMMAND_ID_CONFLICT');
  expect((await sandbox.exec('echo $n', {}, 'other')).stdout).toBe('1\n');
});

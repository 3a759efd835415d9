import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { type CommandInfo, decodeEvents, type SandboxInfo } from '#protocol';
import { API_KEY, call, codeOf, newSandbox } from './harness/api.ts';
import { until } from './harness/until.ts';

test('what one command leaves in its session is there for the next', async () => {
  const sandbox = newSandbox();
  await sandbox.exec('cd /tmp; x=5; f() { echo "f $x"; }');
  const { stdout, stderr, exitCode } = await sandbox.exec('pwd; f; echo oops >&2; false');
  expect({ stdout, stderr, exitCode }).toEqual({ stdout: '/tmp\nf 5\n', stderr: 'oops\n', exitCode: 1 });
});

test('a stream arrives while the command runs', async () => {
  const sandbox = newSandbox();
  const response = await sandbox.call('/sessions/default/exec', {
    body: { command: 'echo one; read line; echo "got $line"', stdinOpen: true, id: 'reader' },
    headers: { accept: 'text/event-stream' },
  });
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  const seen: string[] = [];
  for await (const event of decodeEvents(response.body!)) {
    seen.push(event.type === 'stdout' && 'data' in event ? event.data : event.type);
    if (seen.at(-1) === 'one\n') {
      // The command waits for this: had its output been held back, nothing would ever come.
      const sent = await sandbox.call('/commands/reader/stdin', { method: 'POST', body: 'hello\n' });
      expect(sent.ok).toBe(true);
    }
  }
  expect(seen).toEqual(['start', 'one\n', 'got hello\n', 'exit']);
});

test('bytes come back as they are, with their length and by range', async () => {
  const sandbox = newSandbox();
  await sandbox.exec(`printf 'a\\0\\377\\n\\001b'`, { id: 'bytes' });
  const whole = await sandbox.call('/commands/bytes/output/stdout');
  expect([...(await whole.bytes())]).toEqual([97, 0, 255, 10, 1, 98]);
  const part = await sandbox.call('/commands/bytes/output/stdout', { headers: { range: 'bytes=1-2' } });
  expect(part.status).toBe(206);
  expect(part.headers.get('content-range')).toBe('bytes 1-2/6');
  expect([...(await part.bytes())]).toEqual([0, 255]);
});

test('ten megabytes pass whole', async () => {
  const { stdoutBytes } = await newSandbox().exec('head -c 10000000 /dev/zero', { id: 'big' });
  expect(stdoutBytes).toBe(10_000_000);
});

test("an engine's error comes with the request's id", async () => {
  const sandbox = newSandbox();
  expect(await codeOf(await sandbox.call('/sessions/nobody'))).toBe('SESSION_NOT_FOUND');
  expect(await codeOf(await sandbox.call('/commands/none'))).toBe('COMMAND_NOT_FOUND');
  const body = { command: 'ls', cwd: '/no/such/place' };
  expect(await codeOf(await sandbox.call('/sessions/default/exec', { body }))).toBe('CWD_NOT_FOUND');
});

test('two sandboxes know nothing of each other', async () => {
  const [a, b] = [newSandbox(), newSandbox()];
  await Promise.all([a.exec('x=a'), b.exec('x=b')]);
  const [fromA, fromB] = await Promise.all([a.exec('echo $x; pwd'), b.exec('echo $x; pwd')]);
  expect(fromA.stdout).toMatch(/^a\n/);
  expect(fromB.stdout).toMatch(/^b\n/);
  expect(fromA.stdout.split('\n')[1]).not.toBe(fromB.stdout.split('\n')[1]);
});

test('a hundred calls at once start one container', async () => {
  const sandbox = newSandbox();
  const bodies = Array.from({ length: 100 }, (_, i) => ({ command: `echo ${i}`, id: `c${i}` }));
  await sandbox.call('/sessions', { body: { id: 's' } });
  const answers = await Promise.all(
    bodies.map((body) =>
      sandbox.call('/sessions/s/exec', { body }).then((r) => r.json<{ stdout: string }>()),
    ),
  );
  expect(answers.map((answer) => answer.stdout)).toEqual(bodies.map((_, i) => `${i}\n`));
  expect(await (await sandbox.call('')).json<SandboxInfo>()).toMatchObject({
    generation: 1,
    state: 'running',
  });
});

test('calls that come while the container starts wait for the same start', async () => {
  const sandbox = newSandbox();
  const results = await Promise.all(Array.from({ length: 20 }, (_, i) => sandbox.exec(`echo ${i}`)));
  expect(results.map((r) => r.stdout)).toEqual(results.map((_, i) => `${i}\n`));
  expect((await (await sandbox.call('')).json<SandboxInfo>()).generation).toBe(1);
});

test("a command's secret-free environment: no key, no token, no name of ours", async () => {
  const { stdout } = await newSandbox().exec('env');
  expect(stdout).not.toContain(API_KEY);
  expect(stdout).not.toMatch(/HOLDFAST|TOKEN/);
});

test("the settings' env is given to the default session and lies under that of a new one", async () => {
  const sandbox = newSandbox();
  await sandbox.call('', { method: 'PATCH', body: { env: { A: 'settings', B: 'settings' } } });
  expect((await sandbox.exec('echo $A $B')).stdout).toBe('settings settings\n');
  await sandbox.call('/sessions', { body: { id: 's', env: { B: 'own' } } });
  expect((await sandbox.exec('echo $A $B', {}, 's')).stdout).toBe('settings own\n');
  await sandbox.call('/sessions', { method: 'POST' });
});

test('a read token may look and not run', async () => {
  const sandbox = newSandbox();
  await sandbox.exec('echo x', { id: 'x' });
  const token = await sandbox.token('read');
  expect((await sandbox.call('/commands/x', { token })).status).toBe(200);
  expect((await sandbox.call('/sessions', { token })).status).toBe(200);
  const body = { command: 'ls' };
  expect((await sandbox.call('/sessions/default/exec', { token, body })).status).toBe(403);
  const write = await sandbox.token('write');
  expect((await sandbox.call('/sessions/default/exec', { token: write, body })).status).toBe(200);
});

test('the Durable Object answers by itself to whoever holds its binding', async () => {
  const { name } = newSandbox();
  const stub = env.SANDBOX.getByName(name);
  const body = JSON.stringify({ command: 'echo bound' });
  const response = await stub.fetch('http://sandbox/sessions/default/exec', { method: 'POST', body });
  expect(await response.json()).toMatchObject({ stdout: 'bound\n' });
  const unknown = await stub.fetch('http://sandbox/sessions/default/nothing');
  expect(await codeOf(unknown)).toBe('NOT_FOUND');
  const info = await (await stub.fetch(`http://sandbox/v1/sandboxes/${name}`)).json<SandboxInfo>();
  expect(info.name).toBe(name);
});

for (const [how, accept, leave] of [
  ['cancels an event stream', 'text/event-stream', (response: Response) => response.body!.cancel()],
  ['cancels a JSON answer', 'application/json', (response: Response) => response.body!.cancel()],
  ['aborts an event stream', 'text/event-stream', (_: Response, abort: () => void) => abort()],
  ['aborts a JSON answer', 'application/json', (_: Response, abort: () => void) => abort()],
] as const) {
  test(`a client that ${how} of a silent command is noticed at once`, async () => {
    const sandbox = newSandbox();
    const controller = new AbortController();
    const response = await sandbox.call('/sessions/default/exec', {
      body: { command: 'sleep 600', id: 'silent', disconnectGraceMs: 0 },
      headers: { accept },
      signal: controller.signal,
    });
    const state = async () => (await (await sandbox.call('/commands/silent')).json<CommandInfo>()).state;
    await until('the command runs', async () => (await state()) === 'running');
    const left = Date.now();
    await leave(response, () => controller.abort());
    await until('the command is interrupted', async () => (await state()) === 'exited');
    expect(Date.now() - left).toBeLessThan(5_000);
  });
}

test('a health check of the server wakes nothing', async () => {
  expect((await call('/health')).status).toBe(200);
});

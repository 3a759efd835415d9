// Terminals through the Worker and the Durable Object: who is let in, what wakes, what stays awake.
import { runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';
import type { TerminalInfo } from '#protocol';
import { API_KEY, type Call, codeOf, newSandbox } from './harness/api.ts';
import { info, stubOf, type TestSandbox } from './harness/generations.ts';
import { until } from './harness/until.ts';
import { Viewer } from './harness/viewer.ts';

/** Without the start-up files of who runs the tests. */
const PLAIN = { HOME: '/' };
const UPGRADE = { upgrade: 'websocket' };

const ask = (sandbox: TestSandbox, path: string, { headers, ...more }: Call = {}) =>
  sandbox.call(path, { headers: { ...UPGRADE, ...headers }, ...more });

async function open(sandbox: TestSandbox, path: string, call: Call = {}): Promise<Viewer> {
  const response = await ask(sandbox, path, call);
  if (!response.webSocket) expect.fail(`${response.status} ${await response.text()}`);
  return new Viewer(response.webSocket!);
}

async function create(sandbox: TestSandbox, body: object = {}): Promise<TerminalInfo> {
  const response = await sandbox.call('/terminals', { body: { env: PLAIN, ...body } });
  expect(response.status).toBe(201);
  return await response.json();
}

/** As the alarm does when nothing was heard for `sleepAfter`. */
const goesIdle = (sandbox: TestSandbox) =>
  runInDurableObject(stubOf(sandbox), (instance) => instance.onActivityExpired());

test('a terminal is made, typed into, listed and deleted through the Worker', async () => {
  const sandbox = newSandbox();
  await sandbox.exec('cd /tmp; word=hello');
  const { id } = await create(sandbox, { cols: 90, rows: 25 });
  const viewer = await open(sandbox, `/terminals/${id}`);
  viewer.type('echo $word from $PWD, $(stty size)\r');
  await viewer.sees('hello from /tmp, 25 90\r\n');
  expect(viewer.messages[0]).toMatchObject({
    type: 'ready',
    id,
    cols: 90,
    rows: 25,
    offset: 0,
    lostBytes: 0,
  });
  expect(await (await sandbox.call('/terminals')).json()).toMatchObject({ terminals: [{ id, viewers: 1 }] });
  expect((await sandbox.call(`/terminals/${id}`, { method: 'DELETE' })).status).toBe(204);
  expect(await viewer.closed).toBe(1000);
  expect(viewer.messages.at(-1)).toMatchObject({ type: 'exit', signal: 'SIGKILL' });
  expect(await codeOf(await sandbox.call(`/terminals/${id}`))).toBe('TERMINAL_NOT_FOUND');
});

test('who is not allowed to write is not let in, and a browser shows its token as a subprotocol', async () => {
  const sandbox = newSandbox();
  const { id } = await create(sandbox);
  const path = `/terminals/${id}`;
  const [read, write] = [await sandbox.token('read'), await sandbox.token('write')];
  expect((await sandbox.call(path, { token: read })).status).toBe(200);
  expect((await ask(sandbox, path, { token: read })).status).toBe(403);
  expect((await ask(sandbox, path, { token: null })).status).toBe(401);
  expect((await ask(sandbox, `${path}?token=${write}`, { token: null })).status).toBe(401);
  const offering = (token: string) => ({
    token: null,
    headers: { 'sec-websocket-protocol': `holdfast, holdfast.bearer.${token}` },
  });
  expect((await ask(sandbox, path, offering('wrong'))).status).toBe(401);
  expect((await ask(newSandbox(), path, offering(write))).status).toBe(403);
  // Only a WebSocket shows it there.
  expect((await sandbox.call(path, offering(write))).status).toBe(401);
  const admitted = await ask(sandbox, path, offering(write));
  expect(admitted.status).toBe(101);
  expect(admitted.headers.get('sec-websocket-protocol')).toBe('holdfast');
  const viewer = new Viewer(admitted.webSocket!);
  viewer.type(`env | grep -e ${write} -e ${API_KEY} | grep -v grep; echo shown=$?\r`);
  await viewer.sees('shown=1\r\n');
});

test('what is wrong is refused with a code, and nothing but making one wakes a container', async () => {
  const sandbox = newSandbox();
  for (const path of ['/terminals/a', '/terminals/a?after=3&window=100000']) {
    const response = await ask(sandbox, path);
    expect(response.status).toBe(404);
    expect(await codeOf(response)).toBe('TERMINAL_NOT_FOUND');
  }
  expect(await (await sandbox.call('/terminals')).json()).toEqual({ terminals: [] });
  expect((await sandbox.call('/terminals/a', { method: 'DELETE' })).status).toBe(404);
  for (const path of [
    '/terminals/a?cols=0',
    '/terminals/a?what=1',
    '/terminals/a%2Fb',
    '/terminals/a?session=x',
  ]) {
    expect(await codeOf(await ask(sandbox, path)), path).toBe('INVALID_REQUEST');
  }
  expect(await codeOf(await sandbox.call('/terminals', { body: { cols: 5000 } }))).toBe('INVALID_REQUEST');
  expect((await sandbox.call('')).status).toBe(404);
  const viewer = await open(sandbox, '/terminals/a?create=true&cols=70&rows=20&command=stty+size;read+x');
  await viewer.sees('20 70\r\n');
});

test('much output comes whole, also where the reader is cut off in the middle', async () => {
  const sandbox = newSandbox();
  const count = 150_000;
  const { id } = await create(sandbox, {
    command: `stty raw -echo; echo go; read -rn1; seq -f %07.0f ${count}`,
  });
  const numbers = Array.from({ length: count }, (_, at) => `${String(at + 1).padStart(7, '0')}\n`).join('');
  const first = await open(sandbox, `/terminals/${id}?window=100000`);
  await first.sees('go\n');
  first.type('x');
  await first.sees('0005000\n');
  first.leave();
  await first.closed;
  const second = await open(sandbox, `/terminals/${id}?after=${first.text.length}`);
  await second.closed;
  expect(second.messages[0]).toMatchObject({ offset: first.text.length, lostBytes: 0 });
  expect(first.text + second.text === `go\n${numbers}`).toBe(true);
});

test('a watched terminal keeps its sandbox awake, even where sleep is forced, and an abandoned one does not', async () => {
  const sandbox = newSandbox();
  await sandbox.call('', { method: 'PATCH', body: { sleepAfter: { after: '10m', force: true } } });
  const { id } = await create(sandbox);
  const viewer = await open(sandbox, `/terminals/${id}`);
  await goesIdle(sandbox);
  viewer.type('echo still $((40 + 2))\r');
  await viewer.sees('still 42');
  expect(await info(sandbox)).toMatchObject({ state: 'running', generation: 1 });
  viewer.leave();
  await until('it sleeps', async () => {
    await goesIdle(sandbox);
    return (await info(sandbox)).state === 'stopped';
  });
  expect(await codeOf(await ask(sandbox, `/terminals/${id}`))).toBe('TERMINAL_NOT_FOUND');
}, 40_000);

test('one that runs something keeps it awake without a viewer, as a process does', async () => {
  const sandbox = newSandbox();
  const { id } = await create(sandbox);
  const viewer = await open(sandbox, `/terminals/${id}`);
  viewer.type('sleep 12\r');
  await viewer.sees('sleep 12\r\n');
  viewer.leave();
  const began = Date.now();
  await until('it sleeps', async () => {
    await goesIdle(sandbox);
    return (await info(sandbox)).state === 'stopped';
  });
  expect(Date.now() - began).toBeGreaterThan(11_000);
}, 40_000);

test('a terminal of a session that an earlier container left has its state', async () => {
  const sandbox = newSandbox();
  await sandbox.call('/sessions', { body: { id: 'other', env: PLAIN } });
  await sandbox.exec('cd /tmp; word=kept', {}, 'other');
  await goesIdle(sandbox);
  await until('it sleeps', async () => (await info(sandbox)).state === 'stopped');
  const viewer = await open(sandbox, '/terminals/t?create=true&session=other');
  viewer.type('echo $word in $PWD\r');
  await viewer.sees('kept in /tmp');
  const { id } = await create(sandbox, { session: 'other', command: 'echo $word; read x' });
  await (await open(sandbox, `/terminals/${id}`)).sees('kept');
});

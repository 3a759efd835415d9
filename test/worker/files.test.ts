// Files through the Worker: who may, what is refused before the engine hears of it, and where paths start from.
import { expect, test } from 'vitest';
import { codeOf, newSandbox } from './harness/api.ts';
import { crash, saved } from './harness/generations.ts';

const at = (path: string, more = '') => `/files?path=${encodeURIComponent(path)}${more}`;

test('a token to read reads files and writes none, and no token reaches another sandbox', async () => {
  const sandbox = newSandbox();
  const path = `/tmp/${sandbox.name}`;
  expect((await sandbox.call(at(path), { method: 'PUT', body: 'secret' })).status).toBe(201);
  const token = await sandbox.token('read');
  expect(await (await sandbox.call(at(path), { token })).text()).toBe('secret');
  for (const rest of [
    `/files/list?path=/tmp`,
    `/files/stat?path=${path}`,
    `/files/search?path=${path}&pattern=x`,
  ]) {
    expect((await sandbox.call(rest, { token })).status, rest).toBe(200);
  }
  const writes: [string, string, unknown?][] = [
    ['PUT', at(path), 'x'],
    ['DELETE', at(path)],
    ['PUT', `/files/archive?path=/tmp`, 'x'],
    ['POST', '/files/mkdir', { path: '/tmp/x' }],
    ['POST', '/files/move', { from: path, to: '/tmp/x' }],
    ['POST', '/files/copy', { from: path, to: '/tmp/x' }],
    ['POST', '/files/replace', { path, search: 'a', replacement: 'b' }],
  ];
  for (const [method, rest, body] of writes) {
    expect(await codeOf(await sandbox.call(rest, { method, body, token })), rest).toBe('FORBIDDEN');
  }
  expect(await codeOf(await newSandbox().call(at(path), { token }))).toBe('FORBIDDEN');
  const writer = await sandbox.token('write');
  expect((await sandbox.call(at(path), { method: 'DELETE', token: writer })).status).toBe(204);
});

test('what makes no sense is refused by its name, and no container is started for it', async () => {
  const sandbox = newSandbox();
  for (const [rest, named] of [
    ['/files', 'path'],
    ['/files?path=', 'path'],
    ['/files?path=a%00b', 'NUL'],
    [`${at('/tmp')}&recusrive=true`, 'recusrive'],
    ['/files/list?path=/tmp&limit=0', 'limit'],
    ['/files/search?path=/tmp', 'pattern'],
    ['/files?path=/tmp&session=../x', 'session'],
  ] as const) {
    const response = await sandbox.call(rest);
    expect(response.status, rest).toBe(400);
    expect(await response.text()).toContain(named);
  }
  expect((await sandbox.call('')).status).toBe(404);
});

test('a body of 20 MB goes through, as JSON too, and with a length that nobody told', async () => {
  const sandbox = newSandbox();
  const path = `/tmp/${sandbox.name}`;
  const bytes = new Uint8Array(20_000_000).fill(120);
  for (const type of ['application/octet-stream', 'application/json']) {
    const headers = { 'content-type': type };
    const response = await sandbox.call(at(path), { method: 'PUT', body: bytes, headers });
    expect(await response.json()).toMatchObject({ size: bytes.length });
  }
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const sent = (async () => {
    for (let i = 0; i < 20; i += 1) await writer.write(bytes.slice(0, 1_000_000));
    await writer.close();
  })();
  const answer = await sandbox.call(at(path), { method: 'PUT', body: readable });
  await sent;
  expect(await answer.json()).toMatchObject({ size: bytes.length });
  const back = await sandbox.call(at(path), { headers: { range: 'bytes=-5' } });
  expect([back.status, await back.text()]).toEqual([206, 'xxxxx']);
  await sandbox.call(at(path), { method: 'DELETE' });
});

test('a body that ends without the mark that it was to end with leaves the old file', async () => {
  const sandbox = newSandbox();
  const path = `/tmp/${sandbox.name}`;
  await sandbox.call(at(path), { method: 'PUT', body: 'old' });
  let pulled = 0;
  const failing = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += 1;
      if (pulled < 10) controller.enqueue(new Uint8Array(100_000));
      else controller.error(new Error('cut'));
    },
  });
  const headers = { 'x-holdfast-body-end': crypto.randomUUID() };
  await sandbox.call(at(path), { method: 'PUT', body: failing, headers }).catch(() => {});
  const cut = await sandbox.call(at(path), { method: 'PUT', body: 'new, and cut', headers });
  expect(await codeOf(cut)).toBe('CONNECTION_FAILED');
  const short = await sandbox.call(at(path), { method: 'PUT', body: `new${headers['x-holdfast-body-end']}` });
  expect((await short.json<{ size: number }>()).size).toBe(39);
  await sandbox.call(at(path), { method: 'PUT', body: 'old' });
  await sandbox.call(at(`${path}.after`), { method: 'PUT', body: '' });
  expect(await (await sandbox.call(at(path))).text()).toBe('old');
  for (const one of [path, `${path}.after`]) await sandbox.call(at(one), { method: 'DELETE' });
});

test('after a lost container relative paths start from where the session was', async () => {
  const sandbox = newSandbox();
  await sandbox.call('/sessions', { body: { id: 'build' } });
  await sandbox.exec(`mkdir -p /tmp/${sandbox.name}; cd /tmp/${sandbox.name}; echo hi > here`, {}, 'build');
  await saved(sandbox, 'build', sandbox.name);
  await crash(sandbox);
  expect(await (await sandbox.call(`${at('here')}&session=build`)).text()).toBe('hi\n');
  expect(await codeOf(await sandbox.call(`${at('here')}&session=none`))).toBe('SESSION_NOT_FOUND');
  await sandbox.exec(`rm -r /tmp/${sandbox.name}`);
});

import { expect, test } from 'vitest';
import { call, codeOf, newSandbox } from './harness/api.ts';

const EXEC = '/sessions/default/exec';
const FIVE_MB = 5_000_000;

for (const [what, body] of [
  ['JSON that is cut', '{"command": "ls'],
  ['JSON that is not UTF-8', new Uint8Array([0x22, 0xff, 0x22])],
  ['JSON of another type', '[]'],
  ['no command', {}],
  ['a command of the wrong type', { command: 1 }],
  ['a command with NUL', { command: 'a\0b' }],
  ['a timeout of 0', { command: 'ls', timeoutMs: 0 }],
  ['an id that leaves its folder', { command: 'ls', id: '../x' }],
  ['two kinds of stdin', { command: 'ls', stdin: 'a', stdinBase64: 'YQ==' }],
] as const) {
  test(`${what} is INVALID_REQUEST`, async () => {
    const response = await newSandbox().call(EXEC, { body });
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe('INVALID_REQUEST');
  });
}

test('an unknown field is refused by its name', async () => {
  const response = await newSandbox().call(EXEC, { body: { command: 'ls', timeout: 5 } });
  expect(response.status).toBe(400);
  expect(await response.text()).toContain('timeout');
});

test('a body of 5 MB is too large, with and without its length', async () => {
  const sandbox = newSandbox();
  const known = await sandbox.call(EXEC, { body: new Uint8Array(FIVE_MB) });
  expect(known.status).toBe(413);
  expect(await codeOf(known)).toBe('PAYLOAD_TOO_LARGE');
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const sent = (async () => {
    for (let i = 0; i < 5; i += 1) await writer.write(new Uint8Array(FIVE_MB / 5));
    await writer.close();
  })();
  const unknown = await sandbox.call(EXEC, { body: readable });
  await sent.catch(() => {});
  expect(unknown.status).toBe(413);
});

test('a large body to a path that does not exist is still answered', async () => {
  expect((await newSandbox().call('/nowhere', { body: new Uint8Array(FIVE_MB) })).status).toBe(404);
});

for (const path of [
  '/v1/sandboxes/Demo',
  '/v1/sandboxes/-a',
  `/v1/sandboxes/${'a'.repeat(64)}`,
  '/v1/sandboxes/a%2Fb',
  '/v1/sandboxes/%zz',
  '/v1/sandboxes/a/sessions/%',
  '/v1/sandboxes/a/sessions/%E0%A4%A',
  '/v1/sandboxes/a/sessions/..%2Fx',
  '/v1/sandboxes/a/sessions/a%00b',
  `/v1/sandboxes/a/commands/${'a'.repeat(65)}`,
]) {
  test(`${path.slice(0, 40)} is INVALID_REQUEST`, async () => {
    const response = await call(path);
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe('INVALID_REQUEST');
  });
}

for (const [method, path] of [
  ['GET', '/'],
  ['GET', '/v1'],
  ['GET', '/v1/sandboxes'],
  ['GET', '/v1/sandboxes/a/'],
  ['GET', '/v1/sandboxes/a/nothing'],
  ['PUT', '/v1/sandboxes/a'],
  ['HEAD', '/v1/sandboxes/a/commands/a/events'],
  ['GET', '/v1/sandboxes/a/sessions/default/exec'],
  ['PATCH', '/v1/sandboxes/a/sessions/default'],
  ['GET', '/v1/sandboxes/a/commands/a/output/stdin'],
  ['GET', '/v1/sandboxes/a/sync'],
] as const) {
  test(`${method} ${path} is NOT_FOUND`, async () => {
    const response = await call(path, { method });
    expect(response.status).toBe(404);
    if (method !== 'HEAD') expect(await codeOf(response)).toBe('NOT_FOUND');
  });
}

test("on the dialect's paths errors have the dialect's shape", async () => {
  const sandbox = newSandbox();
  const unknown = await sandbox.call('/session/..%2Fx', { method: 'DELETE' });
  expect(unknown.status).toBe(404);
  expect(await unknown.json()).toEqual({ code: 'CONTEXT_NOT_FOUND', message: expect.any(String) });
  const large = await sandbox.call('/session', { body: new Uint8Array(FIVE_MB) });
  expect(large.status).toBe(413);
  expect(await large.json()).toEqual({ code: 'INVALID_REQUEST_BODY', message: expect.any(String) });
  const nowhere = await sandbox.call('/session/a/nowhere', { body: {} });
  expect(nowhere.status).toBe(404);
  expect(await nowhere.json()).toEqual({ code: 'NOT_FOUND', message: expect.any(String) });
});

import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { app } from '../../worker/app.ts';
import { API_KEY, call, codeOf, newSandbox, ORIGIN } from './harness/api.ts';

test('health needs no credential', async () => {
  const response = await call('/health', { token: null });
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ status: 'ok', version: expect.stringMatching(/^\d/) });
});

for (const [what, token] of [
  ['no credential', null],
  ['a wrong key', 'another-key'],
  ['a beginning of the key', API_KEY.slice(0, 5)],
  ['something that looks like a token', 'hft.e30.AAAA'],
  ['a token that is not base64', 'hft.%%%.%%%'],
] as const) {
  test(`${what} is refused everywhere, in each API's own words`, async () => {
    for (const path of ['/v1/sandboxes/a', '/v1/sandboxes/a/sessions', '/no/such/path']) {
      const response = await call(path, { token });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      expect(await codeOf(response)).toBe('UNAUTHORIZED');
    }
    const dialect = await call('/v1/sandboxes/a/session', { token, body: {} });
    expect(dialect.status).toBe(401);
    expect(await dialect.json()).toEqual({ error: expect.stringMatching(/^Unauthorized: /) });
  });
}

test('a server without a key lets nobody in, and still says that it is healthy', async () => {
  const keyless = { ...env, HOLDFAST_API_KEY: undefined };
  for (const authorization of ['Bearer ', 'Bearer undefined', `Bearer ${API_KEY}`]) {
    const response = await app.request(`${ORIGIN}/v1/sandboxes/a`, { headers: { authorization } }, keyless);
    expect(response.status).toBe(401);
  }
  expect((await app.request(`${ORIGIN}/health`, {}, keyless)).status).toBe(200);
});

test('a token opens its own sandbox and no other', async () => {
  const [mine, other] = [newSandbox(), newSandbox()];
  const token = await mine.token('read');
  expect(await codeOf(await mine.call('', { token }))).toBe('SANDBOX_NOT_FOUND');
  const refused = await other.call('', { token });
  expect(refused.status).toBe(403);
  expect(await codeOf(refused)).toBe('FORBIDDEN');
});

test('a read token cannot write, in no dialect', async () => {
  const sandbox = newSandbox();
  const token = await sandbox.token('read');
  for (const [path, method] of [
    ['/sessions', 'POST'],
    ['/sessions/default/exec', 'POST'],
    ['/sessions/default/interrupt', 'POST'],
    ['/sessions/default', 'DELETE'],
    ['/commands/a/signal', 'POST'],
    ['/commands/a/stdin', 'POST'],
  ] as const) {
    expect((await sandbox.call(path, { token, method })).status, `${method} ${path}`).toBe(403);
  }
  const dialect = await sandbox.call('/session', { token, body: {} });
  expect(dialect.status).toBe(403);
  expect(await dialect.json()).toEqual({ code: 'FORBIDDEN', message: expect.any(String) });
});

test('no token can change the sandbox itself, end it, or make another token', async () => {
  const sandbox = newSandbox();
  const token = await sandbox.token('write');
  const body = { access: 'read', expiresInSeconds: 60 };
  expect((await sandbox.call('/tokens', { token, body })).status).toBe(403);
  expect((await sandbox.call('', { token, method: 'PATCH', body: { keepAlive: true } })).status).toBe(403);
  expect((await sandbox.call('', { token, method: 'DELETE' })).status).toBe(403);
});

test('a token ends when it expires', async () => {
  const sandbox = newSandbox();
  const token = await sandbox.token('read', 1);
  expect((await sandbox.call('', { token })).status).toBe(404);
  await new Promise((resolve) => setTimeout(resolve, 1_050));
  expect((await sandbox.call('', { token })).status).toBe(401);
});

test('a token whose claims were changed is worth nothing', async () => {
  const sandbox = newSandbox();
  const [mark, , signature] = (await sandbox.token('read')).split('.');
  const claims = { sandbox: sandbox.name, access: 'write', expiresAt: Date.now() + 1e9 };
  const forged = `${mark}.${btoa(JSON.stringify(claims))}.${signature}`;
  expect((await sandbox.call('', { token: forged })).status).toBe(401);
});

test('a token lasts at most 30 days', async () => {
  const body = { access: 'read', expiresInSeconds: 30 * 86_400 + 1 };
  expect(await codeOf(await newSandbox().call('/tokens', { body }))).toBe('INVALID_REQUEST');
});

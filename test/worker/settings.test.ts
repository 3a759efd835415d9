import { expect, test } from 'vitest';
import type { SandboxInfo } from '#protocol';
import { codeOf, newSandbox } from './harness/api.ts';

const patch = async (sandbox: ReturnType<typeof newSandbox>, body: unknown) =>
  (await sandbox.call('', { method: 'PATCH', body })).json<SandboxInfo>();

test('a sandbox that was never used is not found', async () => {
  const response = await newSandbox().call('');
  expect(response.status).toBe(404);
  expect(await codeOf(response)).toBe('SANDBOX_NOT_FOUND');
});

test('settings are kept, and changing them wakes nothing', async () => {
  const sandbox = newSandbox();
  expect((await patch(sandbox, { sleepAfter: '1h', env: { A: '1', B: '2' } })).settings).toEqual({
    sleepAfter: '1h',
    env: { A: '1', B: '2' },
    keepAlive: false,
  });
  await patch(sandbox, { keepAlive: true, env: { A: null, C: '3' } });
  const info = await (await sandbox.call('')).json<SandboxInfo>();
  expect(info).toMatchObject({ name: sandbox.name, state: 'stopped', generation: 0, sessions: [] });
  expect(info.settings).toEqual({ sleepAfter: '1h', env: { B: '2', C: '3' }, keepAlive: true });
  expect(Date.parse(info.lastUsedAt)).toBeGreaterThanOrEqual(Date.parse(info.createdAt));
});

for (const body of [
  { sleepAfter: 'soon' },
  { sleepAfter: 0 },
  { sleepAfter: { force: true } },
  { env: { 'A-B': '1' } },
  { foo: 1 },
]) {
  test(`${JSON.stringify(body)} is refused, and the settings stay`, async () => {
    const sandbox = newSandbox();
    expect(await codeOf(await sandbox.call('', { method: 'PATCH', body }))).toBe('INVALID_REQUEST');
    expect((await sandbox.call('')).status).toBe(404);
  });
}

test('deleting a sandbox that was never used is fine, twice', async () => {
  const sandbox = newSandbox();
  expect((await sandbox.call('', { method: 'DELETE' })).status).toBe(204);
  expect((await sandbox.call('', { method: 'DELETE' })).status).toBe(204);
});

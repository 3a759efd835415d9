import { expect, test } from 'vitest';
import { API_KEY, newSandbox } from './harness/api.ts';

const asExecd = { token: null, headers: { 'x-execd-access-token': API_KEY } };

test('a session of the dialect runs, is an ordinary one, and ends', async () => {
  const sandbox = newSandbox();
  expect((await sandbox.call('/ping', asExecd)).status).toBe(200);
  const created = await sandbox.call('/session', { ...asExecd, body: { cwd: '/tmp' } });
  expect(created.status).toBe(200);
  const { session_id: id } = await created.json<{ session_id: string }>();
  const run = await sandbox.call(`/session/${id}/run`, { ...asExecd, body: { command: 'pwd; echo x >&2' } });
  expect(run.headers.get('content-type')).toMatch(/^text\/event-stream/);
  const text = await run.text();
  expect(text).toContain('"type":"stdout","text":"/tmp"');
  expect(text).toContain('"type":"stderr","text":"x"');
  expect(text).toContain('"type":"execution_complete"');
  expect((await sandbox.call(`/sessions/${id}`)).status).toBe(200);
  const ended = await sandbox.call(`/session/${id}`, { ...asExecd, method: 'DELETE' });
  expect(ended.status).toBe(200);
  expect(ended.headers.get('content-length')).toBe('0');
  const gone = await sandbox.call(`/session/${id}/run`, { ...asExecd, body: { command: 'ls' } });
  expect(gone.status).toBe(404);
  expect(await gone.json()).toMatchObject({ code: 'CONTEXT_NOT_FOUND' });
});

test("the dialect's header opens nothing else", async () => {
  expect((await newSandbox().call('/sessions', asExecd)).status).toBe(401);
});

// The polling dialect through the Worker: who may do what, and refusals in the dialect's shapes.
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import type { ProcessList } from '#protocol';
import { app } from '../../worker/app.ts';
import { API_KEY, call, newSandbox, ORIGIN } from './harness/api.ts';
import { until } from './harness/until.ts';

const STARTS = { tool: 'exec_command', arguments: { command: 'read -r x; echo "got $x"; exit 3' } };
const START = '/api/sdk/envs/default/tool/call';

const READS = [
  ['GET', '/api/sdk/processes/nobody/output?since=0'],
  ['GET', '/api/connectors/processes/nobody/output'],
  ['POST', '/api/sdk/envs/list'],
] as const;
const WRITES = [
  ['POST', START],
  ['POST', '/api/sdk/processes/nobody/stdin'],
  ['POST', '/api/connectors/processes/nobody/stdin'],
  ['POST', '/api/sdk/processes/nobody/terminate'],
  ['POST', '/api/connectors/processes/nobody/terminate'],
] as const;

async function refusalOf(response: Response): Promise<[number, string]> {
  const body = await response.json<{ error: { code: string; message: string } }>();
  expect(body).toEqual({ error: { code: expect.any(String), message: expect.any(String) } });
  return [response.status, body.error.code];
}

test('a write token starts, feeds and ends a process that a read token polls', async () => {
  const sandbox = newSandbox();
  const [token, reader] = [await sandbox.token('write'), await sandbox.token('read')];
  const started = await sandbox.call(START, { token, body: STARTS });
  expect(started.status).toBe(200);
  const { structuredContent } = await started.json<{ structuredContent: { session_id: string } }>();
  const at = `/api/sdk/processes/${structuredContent.session_id}`;
  const { processes } = await (await sandbox.call('/processes')).json<ProcessList>();
  expect(processes.map(({ id }) => id)).toEqual([structuredContent.session_id]);

  const fed = await sandbox.call(`${at}/stdin`, { token, body: { data_b64: btoa('it\n') } });
  expect({ status: fed.status, body: await fed.json() }).toEqual({ status: 200, body: { ok: true } });
  await until('the process has ended', async () => {
    const response = await sandbox.call(`${at}/output?since=0`, { token: reader });
    expect(response.status).toBe(200);
    return !(await response.json<{ session_alive: boolean }>()).session_alive;
  });
  const answer = await sandbox.call(`${at}/output?since=0`, { token: reader });
  expect(await answer.json()).toEqual({
    chunks: [{ stream: 'stdout', data_b64: btoa('got it\n'), seq: 1 }],
    exit_code: 3,
    session_alive: false,
    truncated: false,
    lost_bytes: 0,
  });
  expect((await sandbox.call(`${at}/terminate`, { token, body: {} })).status).toBe(200);
  const late = await sandbox.call(`${at}/stdin`, { token, body: { data_b64: '' } });
  expect(await refusalOf(late)).toEqual([409, 'stdin_closed']);
});

test('a read token may poll and list, and not start, feed or end', async () => {
  const sandbox = newSandbox();
  const token = await sandbox.token('read');
  for (const [method, path] of READS) {
    const { status } = await sandbox.call(path, { token, method });
    expect(status, path).toBe(method === 'GET' ? 404 : 200);
  }
  for (const [method, path] of WRITES) {
    const response = await sandbox.call(path, { token, method, body: STARTS });
    expect(await refusalOf(response), path).toEqual([403, 'forbidden']);
  }
});

test('a token for another sandbox is forbidden', async () => {
  const token = await newSandbox().token('write');
  const other = newSandbox();
  for (const [method, path] of [...READS, ...WRITES]) {
    expect(await refusalOf(await other.call(path, { token, method })), path).toEqual([403, 'forbidden']);
  }
});

test('without a bearer token the answer is missing_bearer, with a wrong one invalid_token', async () => {
  const sandbox = newSandbox();
  for (const [method, path] of [...READS, ...WRITES, ['GET', '/api/no/such/path'] as const]) {
    const ask = (headers: Record<string, string>) => sandbox.call(path, { method, headers, token: null });
    expect(await refusalOf(await ask({})), path).toEqual([401, 'missing_bearer']);
    for (const [name, value] of [
      ['authorization', `Basic ${btoa(`me:${API_KEY}`)}`],
      ['authorization', 'Bearer '],
      ['x-execd-access-token', API_KEY],
    ] as const) {
      expect(await refusalOf(await ask({ [name]: value })), path).toEqual([401, 'missing_bearer']);
    }
    for (const token of ['another-key', 'hft.e30.AAAA', API_KEY.slice(0, 5)]) {
      const response = await ask({ authorization: `Bearer ${token}` });
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      expect(await refusalOf(response), path).toEqual([401, 'invalid_token']);
    }
  }
});

test('a token that has expired or was forged is an invalid_token', async () => {
  const sandbox = newSandbox();
  const token = await sandbox.token('read', 1);
  const [mark, claims] = token.split('.');
  const ask = (given: string) => sandbox.call(READS[0][1], { token: given });
  expect(await refusalOf(await ask(`${mark}.${claims}.AAAA`))).toEqual([401, 'invalid_token']);
  await until('it has expired', async () => (await ask(token)).status === 401);
  expect(await refusalOf(await ask(token))).toEqual([401, 'invalid_token']);
});

test('a server without a key lets nobody in', async () => {
  const keyless = { ...env, HOLDFAST_API_KEY: undefined };
  const url = `${ORIGIN}/v1/sandboxes/a${READS[0][1]}`;
  const response = await app.request(url, { headers: { authorization: `Bearer ${API_KEY}` } }, keyless);
  expect(await refusalOf(response)).toEqual([401, 'invalid_token']);
});

test("bad bodies, names and paths have the dialect's own errors", async () => {
  const sandbox = newSandbox();
  const name = await call(`/v1/sandboxes/Not_A_Name${READS[0][1]}`);
  expect(await refusalOf(name)).toEqual([400, 'bad_request']);
  expect(await refusalOf(await sandbox.call(START, { body: '{' }))).toEqual([400, 'bad_request']);
  const tool = await sandbox.call(START, { body: { tool: 'shell', arguments: {} } });
  expect(await refusalOf(tool)).toEqual([400, 'unknown_tool']);
  const large = await sandbox.call(START, { body: 'x'.repeat(5 * 1024 * 1024) });
  expect(await refusalOf(large)).toEqual([413, 'payload_too_large']);
  for (const id of ['nobody', 'no%20body', '%2e%2e%2f']) {
    const response = await sandbox.call(`/api/sdk/processes/${id}/output`);
    expect(await refusalOf(response), id).toEqual([404, 'session_not_found']);
  }
  expect(await refusalOf(await sandbox.call('/api/sdk/processes/%ff/output'))).toEqual([400, 'bad_request']);
  expect(await refusalOf(await sandbox.call('/api/sdk/processes'))).toEqual([404, 'not_found']);
});

// What is wrong is refused with a 4xx and its code; the engine goes on.
import { afterEach, describe, expect } from 'vitest';
import type { ErrorCode } from '#protocol';
import { api, expectError, request, target } from './harness/api.ts';
import { createSession, test } from './harness/session.ts';

afterEach(async () => {
  const session = await createSession();
  expect((await session.exec('echo ok')).stdout).toBe('ok\n');
  await session.delete();
});

const json = { 'content-type': 'application/json' };

describe('an exec is refused for', () => {
  const bodies: [name: string, body: unknown, names?: string][] = [
    ['wrong JSON', '{"command": "echo'],
    ['JSON that is no object', '[]'],
    ['null', 'null'],
    ['a string', '"echo"'],
    ['an empty body', ''],
    ['a missing command', {}, 'command'],
    ['a command that is a number', { command: 5 }, 'command'],
    ['a command that is a list', { command: ['echo', 'a'] }, 'command'],
    ['a command with NUL', { command: 'echo \0' }, 'command'],
    ['a command over 1 MiB', { command: `: ${'x'.repeat(1024 * 1024)}` }, 'command'],
    ['an unknown field', { command: 'true', comand: 'true' }, 'comand'],
    ['a timeout of 0', { command: 'true', timeoutMs: 0 }, 'timeoutMs'],
    ['a timeout over a day', { command: 'true', timeoutMs: 86_400_001 }, 'timeoutMs'],
    ['a timeout that is text', { command: 'true', timeoutMs: '100' }, 'timeoutMs'],
    ['a timeout that is no integer', { command: 'true', timeoutMs: 1.5 }, 'timeoutMs'],
    ['a negative grace', { command: 'true', disconnectGraceMs: -1 }, 'disconnectGraceMs'],
    ['env that is a list', { command: 'true', env: ['A=1'] }, 'env'],
    ['a value of env that is a number', { command: 'true', env: { A: 1 } }, 'env'],
    ['a name of env that is no name', { command: 'true', env: { 'A B': '1' } }, 'env'],
    ['a name of env with the reserved prefix', { command: 'true', env: { __hf_x: '1' } }, 'env'],
    ['a value of env with NUL', { command: 'true', env: { A: '\0' } }, 'env'],
    ['stdin in two forms', { command: 'true', stdin: 'a', stdinBase64: 'YQ==' }, 'stdin'],
    ['stdin that is no base64', { command: 'true', stdinBase64: '***' }, 'stdinBase64'],
    ['stdin given and left open', { command: 'true', stdin: 'a', stdinOpen: true }, 'stdinOpen'],
    ['an id with a slash', { command: 'true', id: '../x' }, 'id'],
    ['an id that is ..', { command: 'true', id: '..' }, 'id'],
    ['an id of 65 characters', { command: 'true', id: 'x'.repeat(65) }, 'id'],
    ['an empty cwd', { command: 'true', cwd: '' }, 'cwd'],
  ];
  for (const [name, body, names] of bodies) {
    test(name, async ({ session }) => {
      const answer = await api('POST', `/sessions/${session.id}/exec`, body, { headers: json });
      const message = expectError(answer, 400, 'INVALID_REQUEST');
      if (names) expect(message).toContain(names);
    });
  }

  test('a cwd that does not exist, and nothing runs', async ({ session, folder }) => {
    const body = { command: `touch ${folder}/ran`, cwd: '/no/such/folder' };
    expectError(await api('POST', `/sessions/${session.id}/exec`, body), 400, 'CWD_NOT_FOUND');
    expectError(
      await api('POST', `/sessions/${session.id}/exec`, { ...body, cwd: '/etc/passwd' }),
      400,
      'CWD_NOT_FOUND',
    );
    expect((await session.exec(`ls ${folder}`)).stdout).toBe('');
  });

  test('a body of 5 MB', async ({ session }) => {
    const body = { command: 'true', stdin: 'x'.repeat(5_000_000) };
    expectError(await api('POST', `/sessions/${session.id}/exec`, body), 413, 'PAYLOAD_TOO_LARGE');
  });

  test('a body of 5 MB that is wrong JSON', async ({ session }) => {
    const answer = await api('POST', `/sessions/${session.id}/exec`, '['.repeat(5_000_000), {
      headers: json,
    });
    expectError(answer, 413, 'PAYLOAD_TOO_LARGE');
  });

  test('deeply nested JSON', async ({ session }) => {
    const answer = await api('POST', `/sessions/${session.id}/exec`, '['.repeat(100_000), { headers: json });
    expectError(answer, 400, 'INVALID_REQUEST');
  });
});

describe('a session is refused for', () => {
  const bodies: [string, unknown, ErrorCode][] = [
    ['an id with a slash', { id: '../x' }, 'INVALID_REQUEST'],
    ['an id that is a dot', { id: '.' }, 'INVALID_REQUEST'],
    ['an empty id', { id: '' }, 'INVALID_REQUEST'],
    ['an unknown field', { name: 'x' }, 'INVALID_REQUEST'],
    ['a cwd that does not exist', { cwd: '/no/such/folder' }, 'CWD_NOT_FOUND'],
    ['a cwd that is relative to nothing there', { cwd: 'no-such-folder' }, 'CWD_NOT_FOUND'],
  ];
  for (const [name, body, code] of bodies) {
    test(name, async () => {
      expectError(await api('POST', '/sessions', body), 400, code);
    });
  }
});

describe('what is not there is a 404 with its own code:', () => {
  const calls: [string, string, ErrorCode, unknown?][] = [
    ['GET', '/sessions/none', 'SESSION_NOT_FOUND'],
    ['DELETE', '/sessions/none', 'SESSION_NOT_FOUND'],
    ['POST', '/sessions/none/exec', 'SESSION_NOT_FOUND', { command: 'true' }],
    ['POST', '/sessions/none/interrupt', 'SESSION_NOT_FOUND'],
    ['GET', '/commands/none', 'COMMAND_NOT_FOUND'],
    ['GET', '/commands/none/events', 'COMMAND_NOT_FOUND'],
    ['GET', '/commands/none/output/stdout', 'COMMAND_NOT_FOUND'],
    ['POST', '/commands/none/stdin', 'COMMAND_NOT_FOUND', { data: 'a' }],
    ['POST', '/commands/none/signal', 'COMMAND_NOT_FOUND', { signal: 'TERM' }],
    ['GET', '/no-such-path', 'NOT_FOUND'],
    ['PUT', '/sessions', 'NOT_FOUND'],
  ];
  for (const [method, path, code, body] of calls) {
    test(`${method} ${path}`, async () => {
      expectError(await api(method, path, body), 404, code);
    });
  }
});

test('a path that climbs is a 4xx and reaches nothing', async () => {
  for (const id of ['..%2Fx', '..%2F..%2Fetc%2Fpasswd', '%2e%2e', '%00', 'a%20b', 'x'.repeat(65), '%ff']) {
    for (const path of [`/sessions/${id}`, `/commands/${id}`, `/commands/${id}/output/stdout`]) {
      const { status } = await api('GET', path);
      expect(status, path).toBeGreaterThanOrEqual(400);
      expect(status, path).toBeLessThan(500);
    }
  }
});

test('a signal that does not exist and an output that is neither stdout nor stderr are a 4xx', async ({
  session,
}) => {
  const { id } = await session.exec('true');
  expect((await api('GET', `/commands/${id}/output/stdin`)).status).toBeOneOf([400, 404]);
  expectError(await api('POST', `/commands/${id}/signal`, { signal: 'NOSUCH' }), 400, 'INVALID_REQUEST');
  expectError(await api('POST', `/commands/${id}/signal`, { signal: 0 }), 400, 'INVALID_REQUEST');
});

describe('without the right token', () => {
  for (const [name, authorization] of [
    ['a missing one', undefined],
    ['a wrong one', 'Bearer wrong'],
    ['one of another scheme', 'Basic d3Jvbmc6d3Jvbmc='],
    ['an empty one', 'Bearer '],
  ] as const) {
    test(`${name} is a 401, and nothing runs`, async ({ session, folder }) => {
      const response = await fetch(`${target.url}/sessions/${session.id}/exec`, {
        method: 'POST',
        headers: authorization === undefined ? {} : { authorization },
        body: JSON.stringify({ command: `touch ${folder}/ran` }),
      });
      const answer = { status: response.status, headers: response.headers, body: await response.json() };
      expectError(answer, 401, 'UNAUTHORIZED');
      expect((await session.exec(`ls ${folder}`)).stdout).toBe('');
    });
  }

  test('health answers', async () => {
    const response = await fetch(`${target.origin}/health`);
    expect(await response.json()).toMatchObject({ status: 'ok', version: expect.any(String) });
  });
});

test('no message holds a stack, or a path of the engine', async ({ session }) => {
  const answers = [
    await api('POST', `/sessions/${session.id}/exec`, '{', { headers: json }),
    await api('POST', `/sessions/${session.id}/exec`, { command: 'true', cwd: '/no/such' }),
    await api('GET', '/sessions/%ff'),
    await api('GET', '/nowhere'),
  ];
  for (const { body } of answers)
    expect(JSON.stringify(body)).not.toMatch(/\.ts|\.[cm]js|node_modules|\bat /);
});

test('a request that is cut in its body does no harm', async ({ session }) => {
  const cut = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"command": "echo'));
    },
    pull: (controller) => controller.error(new Error('cut')),
  });
  const sent = fetch(`${target.url}/sessions/${session.id}/exec`, {
    method: 'POST',
    headers: { ...target.headers, ...json },
    body: cut,
    duplex: 'half',
  } as RequestInit);
  await expect(sent).rejects.toThrow();
  expect((await request('GET', `/sessions/${session.id}`)).status).toBe(200);
});

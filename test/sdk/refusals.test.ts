// Answers that are not a success, from Holdfast and from whatever stands before it.
import { expect, test } from 'vitest';
import { connectEngine, errorCode, type HoldfastError } from '../../sdk/index.ts';
import { ERRORS, type ErrorCode } from '../../sdk/protocol/index.ts';
import { rejection } from './harness/collect.ts';
import { sendError, sendJson, serve } from './harness/serve.ts';

const once = { retry: { tries: 1 } };

for (const [code, { status }] of Object.entries(ERRORS)) {
  test(`${code} is thrown with its code and status`, async () => {
    const { url } = await serve((res) => sendError(res, status, code));
    const thrown = (await rejection(connectEngine(url, once).listSessions())) as HoldfastError;
    expect(thrown).toBeInstanceOf(Error);
    expect(thrown).toMatchObject({ code, status, requestId: 'r1', message: `the server says ${code}` });
  });
}

test('details come through', async () => {
  const error = {
    code: 'INVALID_REQUEST',
    message: 'no',
    retryable: false,
    details: [{ path: 'cwd' }],
    requestId: '',
  };
  const { url } = await serve((res) => sendJson(res, 400, { error }));
  expect(await rejection(connectEngine(url).exec('x'))).toMatchObject({ details: [{ path: 'cwd' }] });
});

test('a code of a later version is told in the message and gets the nearest code of its status', async () => {
  const { url } = await serve((res) => sendError(res, 403, 'QUOTA_USED_UP'));
  const thrown = await rejection(connectEngine(url).exec('x'));
  expect(errorCode(thrown)).toBe('FORBIDDEN');
  expect((thrown as Error).message).toBe('QUOTA_USED_UP: the server says QUOTA_USED_UP');
});

const foreign: [number, ErrorCode][] = [
  [200, 'NOT_FOUND'],
  [301, 'NOT_FOUND'],
  [400, 'INVALID_REQUEST'],
  [401, 'UNAUTHORIZED'],
  [403, 'FORBIDDEN'],
  [404, 'NOT_FOUND'],
  [413, 'PAYLOAD_TOO_LARGE'],
  [418, 'INVALID_REQUEST'],
  [429, 'CONNECTION_FAILED'],
  [500, 'CONNECTION_FAILED'],
  [504, 'CONNECTION_FAILED'],
  [522, 'CONNECTION_FAILED'],
];
for (const [status, code] of foreign) {
  test(`a page with status ${status} that Holdfast did not write is ${code}, and says what came`, async () => {
    const { url } = await serve((res) =>
      res.writeHead(status, { 'content-type': 'text/html' }).end('<h1>Hi</h1>'),
    );
    const thrown = await rejection(connectEngine(url, once).exec('x'));
    expect(errorCode(thrown)).toBe(code);
    expect((thrown as Error).message).toContain(`${url} answered ${status} with text/html`);
    expect((thrown as Error).message).toContain('<h1>Hi</h1>');
  });
}

test('JSON that is not an error of Holdfast, empty bodies and broken JSON are told apart from results', async () => {
  const { url } = await serve((res, { path }) => {
    const type = { 'content-type': 'application/json' };
    if (path === '/commands/plain') return void sendJson(res, 500, { message: 'no' });
    if (path === '/commands/broken') return void res.writeHead(404, type).end('{"error":');
    res.writeHead(500).end();
  });
  const sandbox = connectEngine(url, once);
  expect(errorCode(await rejection(sandbox.getCommand('plain')))).toBe('CONNECTION_FAILED');
  expect(errorCode(await rejection(sandbox.getCommand('broken')))).toBe('NOT_FOUND');
  expect(errorCode(await rejection(sandbox.getCommand('empty')))).toBe('CONNECTION_FAILED');
});

test('a stream that is answered with JSON says so', async () => {
  const { url } = await serve((res) => sendJson(res, 200, { hello: 1 }));
  const thrown = await rejection(connectEngine(url, once).execStream('x').next());
  expect((thrown as Error).message).toContain('answered 200 with application/json');
});

test('an excerpt of a page is short', async () => {
  const { url } = await serve((res) =>
    res.writeHead(403, { 'content-type': 'text/html' }).end('x'.repeat(1e6)),
  );
  const thrown = await rejection(connectEngine(url).exec('x'));
  expect((thrown as Error).message.length).toBeLessThan(400);
});

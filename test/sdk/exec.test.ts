// An exec as JSON: what comes of every way in which its answer can go wrong.
import { expect, test } from 'vitest';
import { connectEngine, type ExecResult, errorCode, type HoldfastError } from '../../sdk/index.ts';
import { rejection } from './harness/collect.ts';
import { impatient } from './harness/retry.ts';
import { freePort, sendCut, sendError, sendJson, serve } from './harness/serve.ts';

const RESULT: ExecResult = {
  id: 'c1',
  sessionId: 'default',
  command: 'echo héllo; exit 3',
  exitCode: 3,
  signal: null,
  stdout: 'héllo\n',
  stderr: '',
  stdoutBytes: 7,
  stderrBytes: 0,
  lostBytes: 0,
  timedOut: false,
  interrupted: false,
  truncated: false,
  outputLimited: false,
  shellRestarted: true,
  durationMs: 1.5,
  startedAt: '2026-01-01T00:00:00.000Z',
  cwd: '/tmp',
};
const BODY = new TextEncoder().encode(`  ${JSON.stringify(RESULT)}`);

test('a result is what the server said, a non-zero exit code included', async () => {
  const { url, asked } = await serve((res) => sendJson(res, 200, RESULT));
  const result = await connectEngine(url).exec('echo héllo; exit 3', {
    id: 'c1',
    cwd: '/tmp',
    env: { A: '1' },
  });
  expect(result).toEqual(RESULT);
  expect(asked[0]).toMatchObject({ method: 'POST', path: '/sessions/default/exec' });
  expect(asked[0]!.headers.accept).toBe('application/json');
  expect(JSON.parse(Buffer.from(asked[0]!.body, 'latin1').toString())).toEqual({
    command: 'echo héllo; exit 3',
    id: 'c1',
    cwd: '/tmp',
    env: { A: '1' },
  });
});

test('stdin goes as text, or as base64 where it is bytes', async () => {
  const { url, asked } = await serve((res) => sendJson(res, 200, RESULT));
  const all = Uint8Array.from({ length: 100_000 }, (_, i) => i);
  await connectEngine(url).exec('cat', { stdin: 'text' });
  await connectEngine(url).exec('cat', { stdin: all });
  expect(JSON.parse(asked[0]!.body)).toMatchObject({ stdin: 'text' });
  const { stdinBase64 } = JSON.parse(asked[1]!.body);
  expect(Buffer.from(stdinBase64, 'base64').equals(all)).toBe(true);
});

test('blanks before the JSON keep the connection and mean nothing', async () => {
  const { url } = await serve((res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.write(' ', () => res.write(' ', () => res.end(JSON.stringify(RESULT))));
  });
  expect(await connectEngine(url).exec('x')).toEqual(RESULT);
});

for (const how of ['torn', 'ended'] as const) {
  test(`an answer ${how} after any byte is asked for again with the same id`, async () => {
    for (let cut = 0; cut < BODY.length; cut++) {
      const { url, asked } = await serve((res, _asked, nth) =>
        sendCut(res, 'application/json', BODY, nth === 0 ? cut : BODY.length, nth === 0 ? how : 'ended'),
      );
      expect(await connectEngine(url, { retry: impatient() }).exec('x'), `cut after ${cut} bytes`).toEqual(
        RESULT,
      );
      expect(asked).toHaveLength(2);
      expect(asked[1]!.body).toBe(asked[0]!.body);
    }
  });
}

test('an error that comes after the headers of a success is thrown', async () => {
  const { url } = await serve((res) => {
    const error = { code: 'COMMAND_LOST', message: 'gone', retryable: false, requestId: 'r7' };
    sendJson(res, 200, { error });
  });
  const thrown = (await rejection(connectEngine(url).exec('x'))) as HoldfastError;
  expect(thrown).toMatchObject({
    name: 'HoldfastError',
    code: 'COMMAND_LOST',
    message: 'gone',
    requestId: 'r7',
  });
});

test('503 is tried again after the time that the server asks for, up to the longest delay', async () => {
  const { url } = await serve((res, _asked, nth) => {
    if (nth < 2) sendError(res, 503, 'CONTAINER_UNAVAILABLE', { 'retry-after': nth === 0 ? '2' : '3600' });
    else sendJson(res, 200, RESULT);
  });
  const retry = impatient({ maxDelayMs: 5000 });
  expect(await connectEngine(url, { retry }).exec('x')).toEqual(RESULT);
  expect(retry.sleptMs).toEqual([2000, 5000]);
});

test('503 for good is thrown with its code once the tries are used up', async () => {
  const { url, asked } = await serve((res) => sendError(res, 503, 'CONTAINER_UNAVAILABLE'));
  const thrown = await rejection(connectEngine(url, { retry: impatient({ tries: 3 }) }).exec('x'));
  expect(errorCode(thrown)).toBe('CONTAINER_UNAVAILABLE');
  expect(asked).toHaveLength(3);
});

test("a proxy's 502 is tried again, and told as it was where it stays", async () => {
  const page = '<html>Bad gateway</html>';
  const once = await serve((res, _asked, nth) => {
    if (nth === 0) res.writeHead(502, { 'content-type': 'text/html' }).end(page);
    else sendJson(res, 200, RESULT);
  });
  expect(await connectEngine(once.url, { retry: impatient() }).exec('x')).toEqual(RESULT);

  const always = await serve((res) => res.writeHead(502, { 'content-type': 'text/html' }).end(page));
  const thrown = await rejection(connectEngine(always.url, { retry: impatient({ tries: 2 }) }).exec('x'));
  expect(errorCode(thrown)).toBe('CONNECTION_FAILED');
  expect((thrown as Error).message).toContain('answered 502 with text/html');
  expect((thrown as Error).message).toContain(page);
});

test('no server at all is CONNECTION_FAILED, with the reason in the message', async () => {
  const nowhere = `http://127.0.0.1:${await freePort()}`;
  const thrown = await rejection(connectEngine(nowhere, { retry: impatient({ tries: 2 }) }).exec('x'));
  expect(thrown).toMatchObject({ code: 'CONNECTION_FAILED', retryable: true });
  expect((thrown as Error).message).toMatch(`could not reach ${nowhere}: fetch failed (connect ECONNREFUSED`);
  expect((thrown as Error).cause).toBeInstanceOf(TypeError);
});

test('a signal that is aborted throws its reason, closes the connection and ends the tries', async () => {
  let closed: () => void;
  const left = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const leaving = new AbortController();
  const { url, asked } = await serve((res) => {
    res.on('close', closed);
    res.writeHead(200, { 'content-type': 'application/json' }).write(' ');
    leaving.abort(new Error('enough'));
  });
  const thrown = await rejection(connectEngine(url).exec('sleep 60', { signal: leaving.signal }));
  expect((thrown as Error).message).toBe('enough');
  await left;
  expect(asked).toHaveLength(1);
});

test('a signal ends the wait between two tries', async () => {
  const leaving = new AbortController();
  const { url } = await serve((res) => {
    sendError(res, 503, 'CONTAINER_UNAVAILABLE', { 'retry-after': '9' });
    setTimeout(() => leaving.abort(), 20);
  });
  const thrown = await rejection(connectEngine(url).exec('x', { signal: leaving.signal }));
  expect((thrown as Error).name).toBe('AbortError');
});

test('a signal that was aborted before is never asked twice: nothing goes out', async () => {
  const { url, asked } = await serve((res) => sendJson(res, 200, RESULT));
  const thrown = await rejection(connectEngine(url).exec('x', { signal: AbortSignal.abort() }));
  expect((thrown as Error).name).toBe('AbortError');
  expect(asked).toHaveLength(0);
});

test('an answer that falls silent is given up and asked for again', async () => {
  const { url, asked } = await serve((res, _asked, nth) => {
    if (nth === 0) res.writeHead(200, { 'content-type': 'application/json' }).write(' ');
    else sendJson(res, 200, RESULT);
  });
  expect(await connectEngine(url, { retry: impatient({ silenceMs: 50 }) }).exec('x')).toEqual(RESULT);
  expect(asked).toHaveLength(2);
});

test('tries: 1 never repeats', async () => {
  const { url, asked } = await serve((res) => res.destroy());
  const thrown = await rejection(connectEngine(url, { retry: { tries: 1 } }).exec('x'));
  expect(errorCode(thrown)).toBe('CONNECTION_FAILED');
  expect(asked).toHaveLength(1);
});

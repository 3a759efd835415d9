// Output streams while the command runs, in the form that the contract gives it.
import { describe, expect } from 'vitest';
import { StartData } from '#protocol';
import { api, request } from './harness/api.ts';
import { bytesOf, stream } from './harness/events.ts';
import { test } from './harness/session.ts';
import { until } from './harness/until.ts';

test('each line is there before the next is written', async ({ session, other, folder }) => {
  const command = 'for i in 1 2 3; do echo line $i; until [ -e $i ]; do sleep 0.02; done; done';
  let lines = 0;
  for await (const event of await stream(session.id, { command, cwd: folder })) {
    if (event.type !== 'stdout') continue;
    // The command goes on only when its line was seen here.
    expect(bytesOf(event).toString()).toBe(`line ${++lines}\n`);
    await other.exec(`touch ${lines}`, { cwd: folder });
  }
  expect(lines).toBe(3);
});

test('a prompt without a newline is there at once', async ({ session, other, folder }) => {
  const command = 'printf "sure? "; until [ -e go ]; do sleep 0.02; done; echo';
  const events = await stream(session.id, { command, cwd: folder });
  await events.next();
  expect((await events.next()).value).toMatchObject({ type: 'stdout', data: 'sure? ' });
  await other.exec('touch go', { cwd: folder });
  for await (const _ of events);
});

test('start comes first and exit last, with all they promise', async ({ session }) => {
  const { start, end } = await session.stream('cd /usr; echo out; echo error >&2; (exit 3)');
  expect(StartData.parse(start)).toMatchObject({ sessionId: session.id, mode: 'foreground' });
  expect(end).toMatchObject({
    type: 'exit',
    exitCode: 3,
    signal: null,
    timedOut: false,
    interrupted: false,
    outputLimited: false,
    shellRestarted: false,
    stdoutBytes: 4,
    stderrBytes: 6,
    lostBytes: 0,
    cwd: '/usr',
  });
});

test('start comes while the command still runs', async ({ session }) => {
  const events = await stream(session.id, { command: 'sleep 600' });
  expect((await events.next()).value).toMatchObject({ type: 'start', sessionId: session.id });
  await session.interrupt();
  for await (const _ of events);
});

test('bytes that are no UTF-8 come as base64, text as text', async ({ session }) => {
  const seen: object[] = [];
  for await (const event of await stream(session.id, { command: "echo é; sleep 0.1; printf '\\377\\n'" })) {
    if (event.type === 'stdout') seen.push(event);
  }
  expect(seen).toMatchObject([{ data: 'é\n' }, { dataBase64: '/wo=' }]);
});

describe('the headers of an exec', () => {
  test('are there before the command ends, for JSON and for the stream', async ({ session }) => {
    for (const accept of ['application/json', 'text/event-stream']) {
      const response = await request(
        'POST',
        `/sessions/${session.id}/exec`,
        { command: 'sleep 600' },
        {
          headers: { accept },
        },
      );
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toContain(accept);
      await until(async () => (await session.info()).runningCommand !== null);
      await session.interrupt();
      await response.text();
    }
  });

  test('forbid a cache to keep the stream', async ({ session }) => {
    const headers = { accept: 'text/event-stream' };
    const response = await request('POST', `/sessions/${session.id}/exec`, { command: 'true' }, { headers });
    expect(response.headers.get('cache-control')).toMatch(/no-(store|cache)/);
    await response.text();
  });
});

test('stdout can be downloaded while the command still writes it', async ({ session, other, folder }) => {
  const id = `live-${crypto.randomUUID()}`;
  const command = 'echo first; until [ -e go ]; do sleep 0.02; done; echo second';
  const result = session.exec(command, { id, cwd: folder });
  await until(async () => (await api('GET', `/commands/${id}/output/stdout`)).body === 'first\n');
  await other.exec('touch go', { cwd: folder });
  await result;
  expect((await api('GET', `/commands/${id}/output/stdout`)).body).toBe('first\nsecond\n');
});

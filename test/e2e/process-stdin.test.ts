// The stdin of processes: a conversation, any amount at the reader's pace, and its end.
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { api, expectError, target } from './harness/api.ts';
import { startProcess } from './harness/process.ts';
import { test } from './harness/session.ts';

const MB = 1_000_000;

/** The most resident memory that the engine ever had, where its process is ours to look at. */
const peakMemory = () =>
  target.engine
    ? Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${target.engine.pid}/status`, 'utf8'))![1]) * 1024
    : 0;

test('stdin is empty where it was not left open', async ({ session }) => {
  const process = await startProcess(session, 'cat; read -r x; echo $?');
  expect((await process.read()).stdout.toString()).toBe('1\n');
});

test('cat holds a conversation, by text, base64 and raw bytes', async ({ session }) => {
  const process = await startProcess(session, 'cat', { stdinOpen: true });
  await process.write('one é\n');
  let { since } = await process.readUntil('one é\n');
  expect((await process.stdin({ dataBase64: Buffer.from('two').toString('base64') })).status).toBe(204);
  ({ since } = await process.readUntil('two', since));
  expect((await process.pour(new Uint8Array([0, 255, 10]))).status).toBe(204);
  await process.closeStdin();
  const { stdout, exitCode } = await process.read();
  expect(exitCode).toBe(0);
  expect(stdout).toEqual(Buffer.concat([Buffer.from('one é\ntwo'), Buffer.from([0, 255, 10])]));
});

test('python3 -i holds a conversation', async ({ session }) => {
  const process = await startProcess(session, 'python3 -q -i -u', { stdinOpen: true });
  let { since } = await process.readUntil('>>> ');
  await process.write('x = 20\nprint(x + 22)\n');
  ({ since } = await process.readUntil('42\n', since));
  await process.write('print("again", x)\n');
  ({ since } = await process.readUntil('again 20\n', since));
  await process.stdin({ data: 'import sys; sys.exit(3)\n' });
  expect(await process.end()).toMatchObject({ exitCode: 3 });
});

test('a body of 50 MB is counted right by wc -c, and leaves the engine’s memory flat', {
  timeout: 60_000,
}, async ({ session }) => {
  const body = new Uint8Array(50 * MB).fill(120);
  const count = async () => {
    const process = await startProcess(session, 'wc -c', { stdinOpen: true });
    expect((await process.pour(body)).status).toBe(204);
    await process.closeStdin();
    expect((await process.read()).stdout.toString().trim()).toBe(`${50 * MB}`);
  };
  await count();
  const before = peakMemory();
  await count();
  expect((peakMemory() - before) / MB).toBeLessThanOrEqual(40);
});

test('writing does not wait for anyone else: a full stdin holds back its own writer alone', async ({
  session,
}) => {
  const deaf = await startProcess(session, 'sleep 600', { stdinOpen: true });
  const stuck = deaf.pour(new Uint8Array(MB).fill(120));
  const cat = await startProcess(session, 'cat', { stdinOpen: true });
  await cat.write('through\n');
  await cat.readUntil('through\n');
  await deaf.terminate();
  expect((await stuck).status).toBe(409);
});

test('eof may come with data, and is the end', async ({ session }) => {
  const process = await startProcess(session, 'cat; sleep 600', { stdinOpen: true });
  expect((await process.stdin({ data: 'last', eof: true })).status).toBe(204);
  await process.readUntil('last');
  expectError(await process.stdin({ data: 'more' }), 409, 'STDIN_CLOSED');
  expectError(await process.stdin({ eof: true }), 409, 'STDIN_CLOSED');
  expect((await process.pour(new Uint8Array(10))).status).toBe(409);
});

test('stdin that was not opened, or whose process ended, is STDIN_CLOSED', async ({ session }) => {
  const unopened = await startProcess(session, 'sleep 600');
  expectError(await unopened.stdin({ data: 'x' }), 409, 'STDIN_CLOSED');
  const ended = await startProcess(session, 'true', { stdinOpen: true });
  await ended.end();
  expectError(await ended.stdin({ data: 'x' }), 409, 'STDIN_CLOSED');
  expectError(await api('POST', `/commands/${ended.id}/stdin`, { data: 'x' }), 409, 'STDIN_CLOSED');
});

test('what was written before the end is read, though eof follows at once', async ({ session }) => {
  const process = await startProcess(session, 'sleep 0.2; wc -c', { stdinOpen: true });
  expect((await process.stdin({ data: 'x'.repeat(60_000), eof: true })).status).toBe(204);
  expect((await process.read()).stdout.toString().trim()).toBe('60000');
});

// stdin is empty unless given: with the call, or later while the command runs.
import { expect } from 'vitest';
import { api, expectError, output, request } from './harness/api.ts';
import { test } from './harness/session.ts';
import { until } from './harness/until.ts';

const newId = () => `stdin-${crypto.randomUUID()}`;
const running = (id: string) =>
  until(async () => (await api<{ state?: string }>('GET', `/commands/${id}`)).body.state === 'running');
const raw = { 'content-type': 'application/octet-stream' };

test('stdin is empty where none is given', async ({ session }) => {
  expect(await session.exec('cat; read x; echo $?')).toMatchObject({ stdout: '1\n', exitCode: 0 });
});

test('text given with the call is all that the command reads', async ({ session }) => {
  const stdin = 'first é\nsecond\nno newline';
  expect((await session.exec('read -r x; echo "[$x]"; cat', { stdin })).stdout).toBe(
    '[first é]\nsecond\nno newline',
  );
  expect((await session.exec('cat')).stdout).toBe('');
});

test('bytes given with the call come through unchanged', async ({ session }) => {
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 7) % 256));
  const { id } = await session.exec('cat', { stdinBase64: bytes.toString('base64') });
  expect(await output(id, 'stdout')).toEqual(bytes);
});

test('2 MB of stdin do not wait for a command that reads none of it', async ({ session }) => {
  const stdin = 'x'.repeat(2_000_000);
  expect((await session.exec('wc -c', { stdin })).stdout.trim()).toBe('2000000');
  expect(await session.exec('echo unread', { stdin })).toMatchObject({ stdout: 'unread\n', exitCode: 0 });
  expect((await session.exec('echo ok')).stdout).toBe('ok\n');
});

test('stdin left open takes text, base64 and raw bytes until eof', async ({ session }) => {
  const id = newId();
  const result = session.exec('cat', { id, stdinOpen: true });
  await running(id);
  const path = `/commands/${id}/stdin`;
  expect((await api('POST', path, { data: 'text é\n' })).status).toBeLessThan(300);
  expect(
    (await api('POST', path, { dataBase64: Buffer.from('base64\n').toString('base64') })).status,
  ).toBeLessThan(300);
  await until(async () => (await output(id, 'stdout')).toString() === 'text é\nbase64\n');
  expect((await api('POST', path, new Uint8Array([0, 255, 10]), { headers: raw })).status).toBeLessThan(300);
  expect((await api('POST', path, { eof: true })).status).toBeLessThan(300);
  expect(await result).toMatchObject({ exitCode: 0 });
  expect(await output(id, 'stdout')).toEqual(Buffer.from([...Buffer.from('text é\nbase64\n'), 0, 255, 10]));
});

test('a command that asks can be answered', async ({ session }) => {
  const id = newId();
  const result = session.exec('printf "name? "; read -r name; echo "hello $name"', { id, stdinOpen: true });
  await until(async () => (await api('GET', `/commands/${id}/output/stdout`)).body === 'name? ');
  await api('POST', `/commands/${id}/stdin`, { data: 'you\n' });
  expect(await result).toMatchObject({ stdout: 'name? hello you\n', exitCode: 0 });
});

test('a large raw body streams into a running command', async ({ session }) => {
  const id = newId();
  const result = session.exec('wc -c', { id, stdinOpen: true });
  await running(id);
  const body = new Uint8Array(20_000_000).fill(120);
  expect((await request('POST', `/commands/${id}/stdin`, body, { headers: raw })).status).toBeLessThan(300);
  await api('POST', `/commands/${id}/stdin`, { eof: true });
  expect((await result).stdout.trim()).toBe('20000000');
});

test('stdin that was not opened, was closed, or whose command ended is STDIN_CLOSED', async ({ session }) => {
  const ended = await session.exec('true');
  expectError(await api('POST', `/commands/${ended.id}/stdin`, { data: 'a' }), 409, 'STDIN_CLOSED');

  const notOpened = newId();
  const sleeping = session.exec('sleep 600', { id: notOpened });
  await running(notOpened);
  expectError(await api('POST', `/commands/${notOpened}/stdin`, { data: 'a' }), 409, 'STDIN_CLOSED');
  await session.interrupt();
  await sleeping;

  const closed = newId();
  const reading = session.exec('cat; sleep 600', { id: closed, stdinOpen: true });
  await running(closed);
  await api('POST', `/commands/${closed}/stdin`, { data: 'a\n', eof: true });
  expectError(await api('POST', `/commands/${closed}/stdin`, { data: 'b' }), 409, 'STDIN_CLOSED');
  await session.interrupt();
  expect((await reading).stdout).toBe('a\n');
});

test('a command whose stdin stays open can be interrupted', async ({ session }) => {
  const id = newId();
  const reading = session.exec('cat', { id, stdinOpen: true });
  await running(id);
  await session.interrupt();
  expect(await reading).toMatchObject({ exitCode: 130, interrupted: true });
});

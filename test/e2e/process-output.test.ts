// The output of processes by polls: at once, exact, and never held up by a reader.
import { describe, expect } from 'vitest';
import type { OutputPage, ProcessInfo } from '#protocol';
import { api, output, request } from './harness/api.ts';
import { collect, replay } from './harness/events.ts';
import { chunkBytes, readAll, startProcess } from './harness/process.ts';
import { test } from './harness/session.ts';
import { until } from './harness/until.ts';

const MB = 1_000_000;

test('a prompt without a newline is seen at once, and takes the answer', async ({ session }) => {
  const process = await startProcess(session, `printf 'Password: '; read -r x; echo "got $x"`, {
    stdinOpen: true,
  });
  expect(await process.page({ waitMs: 10_000 })).toMatchObject({
    chunks: [{ stream: 'stdout', data: 'Password: ' }],
    nextSeq: 1,
    exitCode: null,
    alive: true,
    truncated: false,
    lostBytes: 0,
  });
  await process.write('secret\n');
  const { stdout, exitCode } = await process.read(1);
  expect([stdout.toString(), exitCode]).toEqual(['got secret\n', 0]);
});

describe('a poll', () => {
  test('without waitMs answers at once with what is there', async ({ session }) => {
    const process = await startProcess(session, 'sleep 600');
    expect(await process.page()).toEqual({
      chunks: [],
      nextSeq: 0,
      exitCode: null,
      alive: true,
      truncated: false,
      lostBytes: 0,
    });
  });

  test('with waitMs answers when output comes, and when its time is over', async ({ session }) => {
    const process = await startProcess(session, 'read -r x; echo "$x"; sleep 600', { stdinOpen: true });
    expect((await process.page({ waitMs: 50 })).chunks).toEqual([]);
    const waiting = process.page({ waitMs: 30_000 });
    await process.write('woken\n');
    expect((await waiting).chunks.map(({ data }) => data)).toEqual(['woken\n']);
  });

  test('with waitMs answers when the process ends without a word', async ({ session }) => {
    const process = await startProcess(session, 'read -r x; exit 9', { stdinOpen: true });
    const waiting = process.page({ waitMs: 30_000 });
    await process.closeStdin();
    expect(await waiting).toMatchObject({ chunks: [], exitCode: 9 });
  });

  test('with waitMs tells of an exit while a child still holds the output', async ({ session }) => {
    const process = await startProcess(session, 'sleep 600 & read -r x; exit 9', { stdinOpen: true });
    await process.closeStdin();
    await until(async () => (await process.info()).state === 'exited');
    const told = await process.page({ waitMs: 30_000 });
    expect(told).toMatchObject({ exitCode: 9, alive: true });
    // Told once, it waits for more.
    const waiting = process.page({ since: told.nextSeq, waitMs: 30_000 });
    await process.terminate();
    expect(await waiting).toMatchObject({ exitCode: 9, alive: false });
  });

  test('reads a since that is no number as 0, and one from the future as now', async ({ session }) => {
    const process = await startProcess(session, 'echo one; echo two');
    await process.end();
    for (const since of ['', 'abc', '-4', '1.5', 'NaN']) {
      const { body } = await api<OutputPage>('GET', `/processes/${process.id}/output?since=${since}`);
      expect(body.chunks.map(({ data }) => data)).toEqual(['one\ntwo\n']);
    }
    expect((await process.page({ since: 1 })).chunks).toMatchObject([{ seq: 2, data: 'two\n' }]);
    expect(await process.page({ since: 99 })).toMatchObject({ chunks: [], nextSeq: 2, alive: false });
  });

  test('with maxBytes is cut, holds a chunk at least, and the rest follows', async ({ session }) => {
    const process = await startProcess(session, 'seq 1 1000; seq 1 1000 >&2; seq 1 1000');
    await process.end();
    const whole = Buffer.from(Array.from({ length: 1000 }, (_, i) => `${i + 1}\n`).join(''));
    const first = await process.page({ maxBytes: 100 });
    expect(first).toMatchObject({ truncated: true, alive: true, exitCode: 0, lostBytes: 0 });
    expect(first.chunks.reduce((sum, chunk) => sum + chunkBytes(chunk).length, 0)).toBeLessThanOrEqual(100);
    expect((await process.page({ maxBytes: 1 })).chunks).toMatchObject([{ seq: 1, data: '1\n' }]);
    const { stdout, stderr } = await readAll(`/processes/${process.id}/output`, 0, 700);
    expect(stdout.equals(Buffer.concat([whole, whole]))).toBe(true);
    expect(stderr.equals(whole)).toBe(true);
  });

  test('with maxOutputBytes holds head and tail, and says how much is between', async ({ session }) => {
    const process = await startProcess(
      session,
      `printf begin; head -c 100000 /dev/zero | tr '\\0' x; printf end`,
    );
    await process.end();
    const page = await process.page({ maxOutputBytes: 1_000 });
    const text = page.chunks.map(({ data }) => data).join('');
    expect(text).toMatch(/^beginx{990,}end$/);
    expect(text.length).toBe(1_000);
    expect(page).toMatchObject({ truncated: true, alive: false, omittedBytes: 100_008 - 1_000 });
    expect((await output(process.id, 'stdout')).length).toBe(100_008);
    expect(await process.page({ maxOutputBytes: 200_000 })).not.toHaveProperty('omittedBytes');
  });

  test('that is given up frees nothing and ends nothing', async ({ session }) => {
    const process = await startProcess(session, 'read -r x; echo "$x"', { stdinOpen: true });
    const leaving = new AbortController();
    const poll = request('GET', `/processes/${process.id}/output?waitMs=30000`, undefined, {
      signal: leaving.signal,
    });
    leaving.abort();
    await expect(poll).rejects.toThrow();
    await process.write('still here\n');
    expect((await process.read()).stdout.toString()).toBe('still here\n');
  });
});

test('foreground commands have the same poll', async ({ session }) => {
  const { id } = await session.exec('echo out; echo err >&2; exit 2');
  const { stdout, stderr, exitCode } = await readAll(`/commands/${id}/output`);
  expect([stdout.toString(), stderr.toString(), exitCode]).toEqual(['out\n', 'err\n', 2]);
});

test('arbitrary bytes on both streams come through whole, and text stays text', async ({ session }) => {
  const process = await startProcess(
    session,
    `for i in {0..255}; do printf "\\\\x$(printf %x $i)"; done; printf 'é\\n' >&2; printf '\\xff\\0' >&2`,
  );
  const { stdout, stderr } = await process.read();
  expect(stdout).toEqual(Buffer.from(Array.from({ length: 256 }, (_, i) => i)));
  expect(stderr).toEqual(Buffer.from([0xc3, 0xa9, 10, 0xff, 0]));
});

test('500 MB with nobody reading: nothing is blocked, a reader gets the tail and the bytes it missed', {
  timeout: 120_000,
}, async ({ session }) => {
  const line = `${'x'.repeat(99)}\n`;
  const process = await startProcess(
    session,
    `echo begun; read -r x; yes ${'x'.repeat(99)} | head -c ${500 * MB}; echo end >&2`,
    { stdinOpen: true },
  );
  const { since } = await process.readUntil('begun\n');
  await process.closeStdin();
  const state = async () => (await process.info()).state;
  await until(async () => (await state()) === 'settled', 90_000);
  const total = 6 + 500 * MB;
  expect(await process.info()).toMatchObject({ exitCode: 0, stdoutBytes: total, stderrBytes: 4 });

  const { stdout, stderr, lostBytes } = await process.read(since);
  expect(stderr.toString()).toBe('end\n');
  expect(6 + stdout.length + lostBytes).toBe(total);
  expect(stdout.length).toBeGreaterThan(40 * MB);
  // The head of what is kept may be inside a line of the process.
  const lines = Buffer.alloc(stdout.length + line.length, line);
  expect(
    stdout.equals(lines.subarray(line.length - (stdout.length % line.length)).subarray(0, stdout.length)),
  ).toBe(true);
  expect((await process.page({ since: 0, maxBytes: 1 })).lostBytes).toBe(lostBytes + 6);

  // The other ways to read tell the same.
  const raw = await request('GET', `/commands/${process.id}/output/stdout`);
  expect(Number(raw.headers.get('holdfast-lost-bytes'))).toBe(lostBytes + 6);
  expect((await raw.arrayBuffer()).byteLength).toBe(stdout.length);
  const range = await request('GET', `/commands/${process.id}/output/stdout`, undefined, {
    headers: { range: `bytes=${total - 100}-` },
  });
  expect([range.status, await range.text()]).toEqual([206, line]);
  const events = await collect(await replay(process.id));
  expect(events.end).toMatchObject({ type: 'exit', exitCode: 0, lostBytes: lostBytes + 6 });
  expect(events.stdout.length).toBe(stdout.length);
});

test('a reader that stops reading blocks neither the process nor another reader', {
  timeout: 60_000,
}, async ({ session }) => {
  const process = await startProcess(session, `read -r x; seq 1 3000000; echo end >&2`, { stdinOpen: true });
  const slow = await replay(process.id);
  await slow.next();
  const quick = replay(process.id).then(collect);
  await process.closeStdin();
  const { stdout, stderr, end } = await quick;
  expect([stdout.length, stderr.toString()]).toEqual([22_888_896, 'end\n']);
  expect(end).toMatchObject({ exitCode: 0 } satisfies Partial<ProcessInfo>);
  const { stdout: late } = await collect(slow);
  expect(late.length).toBe(22_888_896);
});

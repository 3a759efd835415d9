// A client that goes away leads to the interrupt after its grace, unless someone attached again.
import { describe, expect } from 'vitest';
import type { CommandInfo } from '#protocol';
import { api, request } from './harness/api.ts';
import { collect, replay, stream } from './harness/events.ts';
import { type TestSession, test } from './harness/session.ts';
import { until } from './harness/until.ts';

const info = async (id: string) => (await api<CommandInfo>('GET', `/commands/${id}`)).body;
const state = (id: string, wanted: CommandInfo['state']) =>
  until(async () => {
    const command = await info(id);
    return command.state === wanted && command;
  });
const newId = () => `gone-${crypto.randomUUID()}`;

/** Starts a command, waits until it runs, and goes away. */
async function startAndLeave(
  session: TestSession,
  body: Record<string, unknown>,
  accept: string,
): Promise<string> {
  const id = newId();
  const leave = new AbortController();
  const answer = request(
    'POST',
    `/sessions/${session.id}/exec`,
    { ...body, id },
    {
      headers: { accept },
      signal: leave.signal,
    },
  ).then((response) => response.text());
  await until(async () => (await info(id)).state === 'running');
  leave.abort();
  await expect(answer).rejects.toThrow();
  return id;
}

for (const accept of ['application/json', 'text/event-stream']) {
  describe(`a client that waits for ${accept} and goes away`, () => {
    test('interrupts at once with a grace of 0', async ({ session }) => {
      const id = await startAndLeave(session, { command: 'sleep 600', disconnectGraceMs: 0 }, accept);
      expect(await state(id, 'exited')).toMatchObject({ exitCode: 130, interrupted: true });
      expect((await session.exec('echo ok')).stdout).toBe('ok\n');
    });

    test('interrupts after the grace', async ({ session }) => {
      const id = await startAndLeave(session, { command: 'sleep 600', disconnectGraceMs: 700 }, accept);
      const left = performance.now();
      expect(await state(id, 'exited')).toMatchObject({ exitCode: 130, interrupted: true });
      expect(performance.now() - left).toBeGreaterThan(500);
    });

    test('does not interrupt a command whose grace is null', async ({ session }) => {
      const command = 'sleep 0.5; echo finished';
      const id = await startAndLeave(session, { command, disconnectGraceMs: null }, accept);
      expect(await state(id, 'exited')).toMatchObject({ exitCode: 0, interrupted: false, stdoutBytes: 9 });
    });
  });
}

test('someone who attaches within the grace keeps the command', async ({ session }) => {
  const command = 'sleep 1; echo finished';
  const id = await startAndLeave(session, { command, disconnectGraceMs: 500 }, 'text/event-stream');
  expect(await collect(await replay(id))).toMatchObject({
    end: { type: 'exit', exitCode: 0, interrupted: false },
  });
});

test('a second reader keeps the command when the first goes away', async ({ session }) => {
  const id = newId();
  const leave = new AbortController();
  const body = { command: 'echo up; sleep 0.7; echo finished', id, disconnectGraceMs: 0 };
  const first = await stream(session.id, body, { signal: leave.signal });
  await first.next();
  const second = collect(await replay(id));
  leave.abort();
  const { stdout, end } = await second;
  expect(stdout.toString()).toBe('up\nfinished\n');
  expect(end).toMatchObject({ exitCode: 0, interrupted: false });
});

test('a queued command whose client left with a grace of 0 never runs', async ({
  session,
  other,
  folder,
}) => {
  const running = session.exec('until [ -e go ]; do sleep 0.02; done', { cwd: folder });
  await until(async () => (await session.info()).runningCommand !== null);
  const leave = new AbortController();
  const body = { command: 'touch ran', cwd: folder, disconnectGraceMs: 0 };
  const queued = request('POST', `/sessions/${session.id}/exec`, body, { signal: leave.signal }).then((r) =>
    r.text(),
  );
  await until(async () => (await session.info()).queueLength === 1);
  leave.abort();
  await expect(queued).rejects.toThrow();
  await until(async () => (await session.info()).queueLength === 0);
  await other.exec('touch go', { cwd: folder });
  await running;
  expect((await session.exec('[ -e ran ] || echo never', { cwd: folder })).stdout).toBe('never\n');
});

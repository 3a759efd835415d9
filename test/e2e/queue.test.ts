// Commands of one session run one at a time, in order of arrival; sessions do not wait for each other.
import { expect } from 'vitest';
import { api, expectError } from './harness/api.ts';
import { collect, stream } from './harness/events.ts';
import { type TestSession, test } from './harness/session.ts';
import { until } from './harness/until.ts';

/** Keeps a session busy until the file `go` is there in `folder`. */
async function block(session: TestSession, folder: string) {
  const done = session.exec('until [ -e go ]; do sleep 0.02; done', { cwd: folder });
  await until(async () => (await session.info()).runningCommand !== null);
  return done;
}

test('twenty concurrent execs run in order of arrival', async ({ session, other, folder }) => {
  const blocker = block(session, folder);
  await until(async () => (await session.info()).runningCommand !== null);
  const waiting: Promise<unknown>[] = [];
  for (let i = 1; i <= 20; i++) {
    waiting.push(session.exec(`echo ${i} >> order`, { cwd: folder }));
    await until(async () => (await session.info()).queueLength === i);
  }
  await other.exec('touch go', { cwd: folder });
  await Promise.all([blocker, ...waiting]);
  const expected = Array.from({ length: 20 }, (_, i) => `${i + 1}\n`).join('');
  expect((await session.exec('cat order', { cwd: folder })).stdout).toBe(expected);
  expect(await session.info()).toMatchObject({ queueLength: 0, runningCommand: null });
});

test('execs sent at once never overlap', async ({ session, folder }) => {
  const step = 'n=$(cat count 2>/dev/null || echo 0); echo $((n + 1)) > count';
  await Promise.all(Array.from({ length: 20 }, () => session.exec(step, { cwd: folder })));
  expect((await session.exec('cat count', { cwd: folder })).stdout).toBe('20\n');
});

test('the 129th waiting command is refused as QUEUE_FULL, and the 128 run', async ({
  session,
  other,
  folder,
}) => {
  const blocker = block(session, folder);
  await until(async () => (await session.info()).runningCommand !== null);
  const waiting = Array.from({ length: 128 }, () => session.exec('echo x >> ran', { cwd: folder }));
  await until(async () => (await session.info()).queueLength === 128);
  const refused = await api<{ error: { retryable: boolean } }>('POST', `/sessions/${session.id}/exec`, {
    command: 'echo refused >> ran',
    cwd: folder,
  });
  expectError(refused, 429, 'QUEUE_FULL');
  expect(refused.body.error.retryable).toBe(true);
  await other.exec('touch go', { cwd: folder });
  await Promise.all([blocker, ...waiting]);
  expect((await session.exec('sort ran | uniq -c', { cwd: folder })).stdout.trim()).toBe('128 x');
});

test('waiting in the queue does not count for the timeout, and is told', async ({
  session,
  other,
  folder,
}) => {
  const blocker = block(session, folder);
  await until(async () => (await session.info()).runningCommand !== null);
  const queued = stream(session.id, { command: 'echo ran', timeoutMs: 400 }).then(collect);
  await until(async () => (await session.info()).queueLength === 1);
  await other.exec('sleep 0.6; touch go', { cwd: folder });
  await blocker;
  const { start, end, stdout } = await queued;
  expect(stdout.toString()).toBe('ran\n');
  expect(end).toMatchObject({ exitCode: 0, timedOut: false });
  expect(start?.queuedMs).toBeGreaterThanOrEqual(500);
});

test('an interrupt reaches the running command; the next one runs', async ({ session }) => {
  const running = session.exec('sleep 600');
  await until(async () => (await session.info()).runningCommand !== null);
  const queued = session.exec('echo next');
  await until(async () => (await session.info()).queueLength === 1);
  await session.interrupt();
  expect((await running).exitCode).toBe(130);
  expect((await queued).stdout).toBe('next\n');
});

test('a busy session does not keep another waiting', async ({ session, other }) => {
  const running = session.exec('sleep 600');
  await until(async () => (await session.info()).runningCommand !== null);
  expect(await other.exec('echo free')).toMatchObject({ stdout: 'free\n' });
  await session.interrupt();
  await running;
});

test('what waits in a session that is deleted gets SESSION_NOT_FOUND', async ({ session }) => {
  const exec = () => api('POST', `/sessions/${session.id}/exec`, { command: 'sleep 600' });
  const running = exec();
  await until(async () => (await session.info()).runningCommand !== null);
  const queued = [exec(), exec()];
  await until(async () => (await session.info()).queueLength === 2);
  expect((await api('DELETE', `/sessions/${session.id}`)).status).toBe(204);
  // Headers may have been sent by then; the body says it in any case.
  for (const answer of await Promise.all(queued)) {
    expect(answer.body).toMatchObject({ error: { code: 'SESSION_NOT_FOUND' } });
  }
  await running;
});

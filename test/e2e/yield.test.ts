// Runs that yield: what does not end soon goes on, and its caller with it.
import { expect } from 'vitest';
import { type CommandInfo, YieldedExec } from '#protocol';
import { api, expectError, output } from './harness/api.ts';
import { readAll, readPage } from './harness/process.ts';
import { type TestSession, test } from './harness/session.ts';
import { until } from './harness/until.ts';

const newId = () => `yield-${crypto.randomUUID()}`;

async function yielded(session: TestSession, body: Record<string, unknown>): Promise<YieldedExec> {
  const answer = await api('POST', `/sessions/${session.id}/exec`, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(202);
  return YieldedExec.parse(answer.body);
}

test('a command that ends in time is answered with its result', async ({ session }) => {
  expect(await session.exec('echo quick; exit 3', { yieldMs: 30_000 })).toMatchObject({
    stdout: 'quick\n',
    exitCode: 3,
  });
});

test('one that does not goes on in the foreground, with its output so far and where to read on', async ({
  session,
}) => {
  const command = 'echo one; echo err >&2; read -r x; kept=$x; echo "got $x"; exit 0 2>/dev/null; :';
  const run = { command: command.replace('; exit 0 2>/dev/null; :', ''), stdinOpen: true, yieldMs: 250 };
  const first = await yielded(session, run);
  expect(first).toMatchObject({
    sessionId: session.id,
    command: run.command,
    state: 'running',
    stdout: 'one\n',
    stderr: 'err\n',
    stdoutBytes: 4,
    stderrBytes: 4,
    truncated: false,
    nextSeq: 2,
  });
  expect(await session.info()).toMatchObject({ runningCommand: first.id });
  await api('POST', `/commands/${first.id}/stdin`, { data: 'answer\n' });
  const { stdout, stderr, exitCode } = await readAll(`/commands/${first.id}/output`, first.nextSeq);
  expect([stdout.toString(), stderr.toString(), exitCode]).toEqual(['got answer\n', '', 0]);
  expect((await session.exec('echo $kept')).stdout).toBe('answer\n');
});

test('the same call again attaches to the run and yields again, or gets its result', async ({ session }) => {
  const body = { command: 'read -r x; echo "$x"', id: newId(), stdinOpen: true, yieldMs: 250 };
  await yielded(session, body);
  await yielded(session, body);
  await api('POST', `/commands/${body.id}/stdin`, { data: 'once\n' });
  const result = await api('POST', `/sessions/${session.id}/exec`, body);
  expect(result).toMatchObject({ status: 200, body: { stdout: 'once\n', exitCode: 0 } });
});

test('one that waits in the queue yields as queued', async ({ session }) => {
  const first = await yielded(session, { command: 'sleep 600', yieldMs: 250 });
  const second = await yielded(session, { command: 'echo second', yieldMs: 250 });
  expect(second).toMatchObject({ state: 'queued', startedAt: null, nextSeq: 0, stdout: '' });
  expect(await session.interrupt()).toBe(first.id);
  expect((await readAll(`/commands/${second.id}/output`)).stdout.toString()).toBe('second\n');
});

test('a yielded run is not ended because its caller left, and an interrupt ends it', async ({ session }) => {
  const run = await yielded(session, {
    command: 'echo begun; sleep 600',
    yieldMs: 250,
    disconnectGraceMs: 0,
  });
  const waiting = readPage(`/commands/${run.id}/output`, { since: run.nextSeq, waitMs: 300 });
  expect(await waiting).toMatchObject({ chunks: [], exitCode: null, alive: true });
  expect(await session.interrupt()).toBe(run.id);
  expect((await readAll(`/commands/${run.id}/output`)).exitCode).toBe(130);
  const { body } = await api<CommandInfo>('GET', `/commands/${run.id}`);
  expect(body).toMatchObject({ state: 'exited', interrupted: true });
});

test('its timeout goes on counting', async ({ session }) => {
  const run = await yielded(session, { command: 'sleep 600', yieldMs: 250, timeoutMs: 500 });
  expect((await readAll(`/commands/${run.id}/output`)).exitCode).toBe(124);
});

test('maxOutputBytes keeps head and tail of a result, of a yielded run, and of a page', async ({
  session,
}) => {
  const print = `printf begin; head -c 50000 /dev/zero | tr '\\0' x; printf end`;
  const result = await session.exec(print, { maxOutputBytes: 1_000 });
  expect(result).toMatchObject({ truncated: true, stdoutBytes: 50_008, exitCode: 0 });
  expect(result.stdout).toMatch(/^beginx{495}\n\[49008 bytes left out.*\]\nx{497}end$/);

  const run = await yielded(session, { command: `${print}; sleep 600`, yieldMs: 500, maxOutputBytes: 1_000 });
  expect(run).toMatchObject({ truncated: true, stdoutBytes: 50_008 });
  expect(run.stdout).toMatch(/^beginx{495}\n\[49008 bytes left out.*\]\nx{497}end$/);

  const page = await readPage(`/commands/${run.id}/output`, { maxOutputBytes: 1_000 });
  expect(page).toMatchObject({ truncated: true, omittedBytes: 49_008, nextSeq: run.nextSeq });
  expect(page.chunks.map(({ data }) => data).join('')).toMatch(/^beginx{990,}end$/);
  expect((await output(run.id, 'stdout')).length).toBe(50_008);
  await session.interrupt();
});

test('a yieldMs or maxOutputBytes outside its bounds is refused', async ({ session }) => {
  for (const bad of [
    { yieldMs: 249 },
    { yieldMs: 300_001 },
    { yieldMs: 1.5 },
    { maxOutputBytes: 0 },
    { maxOutputBytes: 9e6 },
  ])
    expectError(
      await api('POST', `/sessions/${session.id}/exec`, { command: 'true', ...bad }),
      400,
      'INVALID_REQUEST',
    );
});

test('an error before anything ran is an error, not a yield', async ({ session }) => {
  const answer = await api('POST', `/sessions/${session.id}/exec`, {
    command: 'true',
    cwd: '/nowhere',
    yieldMs: 5_000,
  });
  expectError(answer, 400, 'CWD_NOT_FOUND');
  await until(async () => (await session.info()).runningCommand === null);
});

test('a stream neither yields nor cuts its output: asking it to is an error', async ({ session }) => {
  for (const option of [{ yieldMs: 300 }, { maxOutputBytes: 100 }]) {
    const answer = await api(
      'POST',
      `/sessions/${session.id}/exec`,
      { command: 'ran=1', ...option },
      { headers: { accept: 'text/event-stream' } },
    );
    expectError(answer, 400, 'INVALID_REQUEST');
  }
  expect((await session.exec('echo "${ran-not}"')).stdout).toBe('not\n');
});

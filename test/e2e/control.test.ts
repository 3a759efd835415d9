// Timeouts and interrupts end a command with all that it started; the session is usable at once.
import { describe, expect } from 'vitest';
import { api } from './harness/api.ts';
import { type TestSession, test } from './harness/session.ts';
import { uniqueSeconds } from './harness/unique-seconds.ts';
import { until } from './harness/until.ts';

/** What can be asked to end; each says `begun` first. */
const ENDLESS: { name: string; command: string }[] = [
  { name: 'sleep', command: 'echo begun; sleep 600' },
  { name: 'a builtin loop', command: 'echo begun; while :; do :; done' },
  { name: 'a pipeline', command: 'echo begun; yes | while read -r; do :; done' },
  { name: 'read from a fifo that nobody writes', command: 'echo begun; read -r x < <(sleep 600)' },
  { name: 'wait for a child', command: 'echo begun; sleep 600 & wait' },
  { name: 'a child under set -m', command: 'echo begun; set -m; sleep 600; set +m' },
  {
    name: 'a child that ignores INT and TERM',
    command: `echo begun; bash -c 'trap "" INT TERM; while :; do sleep 0.05; done'`,
  },
  { name: 'a shell that ignores INT', command: "echo begun; trap '' INT; while :; do :; done" },
  { name: 'a shell that handles INT and goes on', command: "echo begun; trap ':' INT; while :; do :; done" },
  { name: 'a subshell', command: 'echo begun; (while :; do sleep 0.05; done)' },
  { name: 'a function', command: 'echo begun; spin() { while :; do sleep 0.05; done; }; spin' },
  { name: 'a stopped child', command: `echo begun; bash -c 'kill -STOP $$; sleep 600'` },
];

const sleepers = async (session: TestSession, seconds: string) =>
  (await session.exec(`pgrep -fc "sleep $S" || true`, { env: { S: seconds } })).stdout.trim();

describe('a timeout ends', () => {
  for (const { name, command } of ENDLESS) {
    test(name, async ({ session }) => {
      await session.exec('kept=value; cd /usr');
      const result = await session.exec(command, { timeoutMs: 300 });
      expect(result).toMatchObject({ exitCode: 124, timedOut: true, interrupted: false, stdout: 'begun\n' });
      expect(result.durationMs).toBeGreaterThanOrEqual(300);
      expect(result.durationMs).toBeLessThan(4_000);
      expect(await session.exec('echo $kept; pwd')).toMatchObject({ stdout: 'value\n/usr\n', exitCode: 0 });
    });
  }
});

describe('an interrupt ends', () => {
  for (const { name, command } of ENDLESS) {
    test(name, async ({ session }) => {
      await session.exec('kept=value; cd /usr');
      const id = `int-${crypto.randomUUID()}`;
      const running = session.exec(command, { id });
      await until(async () => (await api('GET', `/commands/${id}/output/stdout`)).body === 'begun\n');
      expect(await session.interrupt()).toBe(id);
      expect(await running).toMatchObject({
        exitCode: 130,
        interrupted: true,
        timedOut: false,
        stdout: 'begun\n',
      });
      expect(await session.exec('echo $kept; pwd')).toMatchObject({ stdout: 'value\n/usr\n', exitCode: 0 });
    });
  }
});

describe('with a command ends all that it started:', () => {
  const strays: [string, string][] = [
    ['children in the background', 'sleep $S & sleep $S & '],
    ['a double fork', '( ( sleep $S & ) & ); '],
    ['a stray that called setsid', 'setsid -f sleep $S; '],
    ['a stray of a stray', 'setsid -f bash -c "setsid -f sleep $S; sleep $S"; '],
    [
      'a stray that ignores INT, TERM and HUP',
      `setsid -f bash -c "trap '' INT TERM HUP; sleep $S; sleep $S"; `,
    ],
    ['a nohup', 'nohup sleep $S >/dev/null 2>&1 & '],
  ];
  for (const [name, start] of strays) {
    test(name, async ({ session }) => {
      const seconds = uniqueSeconds();
      await session.exec(`S=${seconds}`);
      const result = await session.exec(`${start} sleep 600`, { timeoutMs: 300 });
      expect(result.exitCode).toBe(124);
      await until(async () => (await sleepers(session, seconds)) === '0');
    });
  }
});

test('children that earlier commands left in the background are not touched', async ({ session }) => {
  const { stdout } = await session.exec('sleep 600 & echo $!');
  await session.exec('sleep 600', { timeoutMs: 100 });
  await session.exec(`bash -c 'trap "" INT TERM; while :; do sleep 0.05; done'`, { timeoutMs: 100 });
  expect((await session.exec(`kill -0 ${stdout.trim()} && echo alive`)).stdout).toBe('alive\n');
});

test('the state that the command itself made before its interrupt is kept', async ({ session }) => {
  await session.exec('made=1; cd /usr; sleep 600', { timeoutMs: 200 });
  expect((await session.exec('echo $made; pwd')).stdout).toBe('1\n/usr\n');
});

test('a command that ends before its timeout is not marked', async ({ session }) => {
  expect(await session.exec('echo a', { timeoutMs: 5_000 })).toMatchObject({ exitCode: 0, timedOut: false });
});

test('a command that handles INT decides on its output, not on its exit code', async ({ session }) => {
  const id = `int-${crypto.randomUUID()}`;
  const command = `bash -c 'trap "echo tidy; exit 5" INT; echo up; while :; do sleep 0.02; done'`;
  const running = session.exec(command, { id });
  await until(async () => (await api('GET', `/commands/${id}/output/stdout`)).body === 'up\n');
  await session.interrupt();
  expect(await running).toMatchObject({ exitCode: 130, interrupted: true, stdout: 'up\ntidy\n' });
});

test('an interrupt of an idle session reaches nothing and does no harm', async ({ session }) => {
  expect(await session.interrupt()).toBe(null);
  expect((await session.exec('echo ok')).stdout).toBe('ok\n');
});

describe('POST /commands/{id}/signal', () => {
  test('sends the signal that was asked for, by name or number', async ({ session }) => {
    for (const signal of ['USR1', 'SIGUSR1', 10]) {
      const id = `sig-${crypto.randomUUID()}`;
      const running = session.exec(
        `bash -c 'trap "echo usr1; exit 7" USR1; echo up; while :; do sleep 0.02; done'`,
        {
          id,
        },
      );
      await until(async () => (await api('GET', `/commands/${id}/output/stdout`)).body === 'up\n');
      const answer = await api('POST', `/commands/${id}/signal`, { signal });
      expect(answer.status).toBeLessThan(300);
      expect(await running).toMatchObject({ exitCode: 7, stdout: 'up\nusr1\n', shellRestarted: false });
    }
  });

  test('a child ended by a signal gives 128 plus its number', async ({ session }) => {
    for (const [signal, exitCode] of [
      ['TERM', 143],
      ['KILL', 137],
      ['HUP', 129],
    ] as const) {
      expect((await session.exec(`bash -c 'kill -${signal} $$'`)).exitCode).toBe(exitCode);
    }
  });

  test('TERM ends a loop of builtins, which an interactive shell would ignore, and the state stays', async ({
    session,
  }) => {
    const id = `term-${crypto.randomUUID()}`;
    const running = session.exec('kept=1; echo up; while :; do :; done', { id });
    await until(async () => (await api('GET', `/commands/${id}/output/stdout`)).body === 'up\n');
    await api('POST', `/commands/${id}/signal`, { signal: 'TERM' });
    expect(await running).toMatchObject({ exitCode: 143, stdout: 'up\n', interrupted: false });
    expect((await session.exec('echo $kept')).stdout).toBe('1\n');
  });
});

// Signals and ends: the signal asked for is the one sent, nothing is left behind, exit codes are true.
import { describe, expect } from 'vitest';
import { api, expectError } from './harness/api.ts';
import { startProcess } from './harness/process.ts';
import { createSession, type TestSession, test } from './harness/session.ts';
import { uniqueSeconds } from './harness/unique-seconds.ts';
import { until } from './harness/until.ts';

/** How many processes have the duration in their command line, the search itself left out. */
const holders = async (session: TestSession, seconds: string) =>
  Number((await session.exec('pgrep -fc -- "[s]leep $S"', { env: { S: seconds } })).stdout);

const MANY_SHAPES: { name: string; command: (seconds: string) => string }[] = [
  { name: 'a pipeline', command: (s) => `sleep ${s} | sleep ${s} | cat` },
  { name: 'nohup', command: (s) => `nohup sleep ${s} >/dev/null 2>&1 & sleep ${s}` },
  { name: 'setsid', command: (s) => `setsid sleep ${s} & setsid -w sleep ${s}` },
  {
    name: 'a double fork',
    command: (s) => `(sleep ${s} & sleep ${s} &) ; (setsid sleep ${s} & ) ; sleep ${s}`,
  },
  {
    name: 'a child that ignores TERM',
    command: (s) => `bash -c 'trap "" TERM; sleep ${s}; sleep ${s}' & wait`,
  },
  { name: 'a shell that ignores TERM', command: (s) => `trap '' TERM; while :; do sleep ${s}; done` },
  { name: 'a stopped child', command: (s) => `sleep ${s} & kill -STOP $!; sleep ${s}` },
  {
    name: 'a subshell that never calls exec',
    command: (s) => `( while :; do read -rt ${s} x < <(sleep ${s}); done )`,
  },
];

describe('terminate leaves nothing of', () => {
  for (const { name, command } of MANY_SHAPES) {
    test(name, async ({ session }) => {
      const seconds = uniqueSeconds();
      const process = await startProcess(session, `${command(seconds)}; :`);
      await until(async () => (await holders(session, seconds)) > 0);
      const info = await process.terminate(300);
      expect(await holders(session, seconds)).toBe(0);
      expect(info.state).toBe('settled');
      expect([137, 143]).toContain(info.exitCode);
    });
  }
});

test('terminate of one that ended leaves what it is', async ({ session }) => {
  const process = await startProcess(session, 'exit 3');
  await process.end();
  expect(await process.terminate()).toMatchObject({ state: 'settled', exitCode: 3 });
});

test('terminate gives the process its grace', async ({ session }) => {
  const process = await startProcess(
    session,
    `trap 'echo cleaning; exit 5' TERM; echo ready; while :; do sleep 0.05; done`,
  );
  await process.readUntil('ready\n');
  expect(await process.terminate(20_000)).toMatchObject({ state: 'settled', exitCode: 5, signal: null });
  expect((await process.read()).stdout.toString()).toBe('ready\ncleaning\n');
});

test('delete ends it with all that it started, and forgets it', async ({ session }) => {
  const seconds = uniqueSeconds();
  const process = await startProcess(session, `setsid sleep ${seconds} & sleep ${seconds}; :`);
  await until(async () => (await holders(session, seconds)) > 1);
  expect((await process.delete()).status).toBe(204);
  expect(await holders(session, seconds)).toBe(0);
  expectError(await api('GET', `/processes/${process.id}`), 404, 'PROCESS_NOT_FOUND');
  expectError(await api('GET', `/commands/${process.id}`), 410, 'COMMAND_EXPIRED');
});

test('the deletion of its session leaves nothing of it, whatever it left behind', async ({ session }) => {
  const own = await createSession();
  const seconds = uniqueSeconds();
  // Without the environment that would tell whose it is.
  const process = await startProcess(own, `env -i setsid sleep ${seconds} & sleep ${seconds}; :`);
  await until(async () => (await holders(session, seconds)) > 1);
  await own.delete();
  expect(await holders(session, seconds)).toBe(0);
  expect(await process.info()).toMatchObject({ state: 'settled', exitCode: 137, signal: 'SIGKILL' });
});

test('nothing of one process is ended with another of its session', async ({ session }) => {
  const seconds = uniqueSeconds();
  const kept = await startProcess(session, `sleep ${seconds}; :`);
  const ended = await startProcess(session, 'sleep 600');
  await session.exec(`sleep ${seconds} & :`);
  await ended.terminate();
  expect(await kept.info()).toMatchObject({ state: 'running' });
  await until(async () => (await holders(session, seconds)) >= 2);
});

describe('a signal', () => {
  test('is the one that was asked for, by name with or without SIG, or by number', async ({ session }) => {
    const process = await startProcess(
      session,
      `for s in USR1 USR2 HUP WINCH RTMIN+1; do trap "echo got $s" $s; done; echo ready; while :; do read -rt 0.05 x <> <(:); done`,
    );
    let { since } = await process.readUntil('ready\n');
    for (const [signal, name] of [
      ['USR1', 'USR1'],
      ['SIGUSR2', 'USR2'],
      [1, 'HUP'],
      ['winch', 'WINCH'],
      ['RTMIN+1', 'RTMIN+1'],
    ] as const) {
      await process.signal(signal);
      ({ since } = await process.readUntil(`got ${name}\n`, since));
    }
    expect(await process.info()).toMatchObject({ state: 'running' });
  });

  test.for([
    ['TERM', 143, 'SIGTERM'],
    ['SIGKILL', 137, 'SIGKILL'],
    [2, 130, 'SIGINT'],
    ['HUP', 129, 'SIGHUP'],
    ['RTMIN+3', 165, null],
  ] as const)('%s ends a process with %i', async ([signal, exitCode, name], { session }) => {
    // At once, while its shell is still starting what is to be ended.
    const processes = await Promise.all(
      Array.from({ length: 8 }, () => startProcess(session, 'sleep 600; :')),
    );
    await Promise.all(processes.map((process) => process.signal(signal)));
    for (const process of processes)
      expect(await process.end()).toMatchObject({
        state: 'settled',
        exitCode,
        signal: name,
        timedOut: false,
      });
  });

  test('that there is none of is refused', async ({ session }) => {
    const process = await startProcess(session, 'sleep 600');
    for (const signal of ['NONE', 'SIG', 0, 65, -1, 'RTMIN+99'])
      expectError(await api('POST', `/processes/${process.id}/signal`, { signal }), 400, 'INVALID_REQUEST');
    expect(await process.info()).toMatchObject({ state: 'running' });
  });

  test('reaches a process through /commands too', async ({ session }) => {
    const process = await startProcess(session, 'sleep 600');
    expect((await api('POST', `/commands/${process.id}/signal`, { signal: 'TERM' })).status).toBe(204);
    expect(await process.end()).toMatchObject({ exitCode: 143, signal: 'SIGTERM' });
  });
});

test('a signal that the process sends itself has its code too', async ({ session }) => {
  const process = await startProcess(session, 'echo begun; kill -ABRT $$');
  expect(await process.end()).toMatchObject({ exitCode: 134, signal: 'SIGABRT', stdoutBytes: 6 });
});

test('a timeout ends all of it with 124, and holds the output so far', async ({ session }) => {
  const seconds = uniqueSeconds();
  const command = `echo begun; bash -c 'trap "" INT TERM; sleep ${seconds}; sleep ${seconds}' & setsid sleep ${seconds} & wait`;
  const process = await startProcess(session, command, { timeoutMs: 300 });
  expect(await process.end()).toMatchObject({
    state: 'settled',
    exitCode: 124,
    timedOut: true,
    stdoutBytes: 6,
  });
  expect(await holders(session, seconds)).toBe(0);
});

test('an exit code is that of the text: of exec, of a failure under set -e, of what is no command', async ({
  session,
}) => {
  for (const [command, exitCode] of [
    ['exec false', 1],
    ['set -e; (exit 9); echo no', 9],
    ['nothing-like-this', 127],
    ['echo "unclosed', 2],
    ["trap 'exit 6' EXIT; exit 5", 6],
    ['exit 300', 44],
    ['', 0],
  ] as const)
    expect(await (await startProcess(session, command)).end()).toMatchObject({ state: 'settled', exitCode });
});

// Sessions: made, listed, apart from each other, and gone with all they ran.
import { afterEach, describe, expect } from 'vitest';
import { SessionInfo, SessionList } from '#protocol';
import { api, expectError, target } from './harness/api.ts';
import { createSession, TestSession, test } from './harness/session.ts';
import { uniqueSeconds } from './harness/unique-seconds.ts';
import { until } from './harness/until.ts';

test('the session default is there from the start', async () => {
  const answer = await api('POST', '/sessions/default/exec', { command: 'echo hi' });
  expect(answer).toMatchObject({ status: 200, body: { sessionId: 'default', stdout: 'hi\n' } });
});

test('an empty body makes a session with an id of its own', async () => {
  const answer = await api('POST', '/sessions');
  expect(answer.status).toBe(201);
  const { id } = SessionInfo.parse(answer.body);
  expect((await api('GET', `/sessions/${id}`)).body).toMatchObject({
    id,
    runningCommand: null,
    queueLength: 0,
  });
  await api('DELETE', `/sessions/${id}`);
});

test('a session starts in its cwd with its env, for good', async () => {
  const session = await createSession({
    id: 'My_session.1-x',
    cwd: '/usr/lib',
    env: { GREETING: `a "b" 'c' $d\n` },
  });
  expect(session.id).toBe('My_session.1-x');
  expect((await session.info()).cwd).toBe('/usr/lib');
  for (const _ of [1, 2]) {
    expect((await session.exec('pwd; bash -c \'printf "%s" "$GREETING"\'')).stdout).toBe(
      `/usr/lib\na "b" 'c' $d\n`,
    );
  }
  await session.exec('exit 1');
  expect((await session.exec('echo "$GREETING"')).stdout).toBe(`a "b" 'c' $d\n\n`);
  await session.delete();
});

test('an id that is taken is SESSION_EXISTS, and the session goes on', async ({ session }) => {
  await session.exec('x=1');
  expectError(await api('POST', '/sessions', { id: session.id }), 409, 'SESSION_EXISTS');
  expect((await session.exec('echo $x')).stdout).toBe('1\n');
});

test('one id made twice at once is made once', async () => {
  const id = `twice-${crypto.randomUUID().slice(0, 8)}`;
  const answers = await Promise.all(Array.from({ length: 5 }, () => api('POST', '/sessions', { id })));
  expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409, 409]);
  await api('DELETE', `/sessions/${id}`);
});

test('all sessions are listed', async ({ session, other }) => {
  const { sessions } = SessionList.parse((await api('GET', '/sessions')).body);
  const ids = sessions.map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining(['default', session.id, other.id]));
});

test('sessions share no state', async ({ session, other }) => {
  await session.exec('x=1; cd /usr; f() { :; }; export E=1; set -f; umask 077');
  const { stdout } = await other.exec('echo "[$x$E]"; type -t f; pwd; umask; echo $-');
  const [variables, cwd, umask, flags] = stdout.split('\n');
  expect([variables, umask]).toEqual(['[]', expect.not.stringMatching('0077')]);
  expect(cwd).not.toBe('/usr');
  expect(flags).not.toContain('f');
});

describe('a session that is deleted', () => {
  test('is gone, and its id is free again', async () => {
    const session = await createSession({ id: 'again' });
    await session.exec('x=1');
    const answer = await api('DELETE', '/sessions/again');
    expect(answer).toMatchObject({ status: 204, body: '' });
    expectError(await api('GET', '/sessions/again'), 404, 'SESSION_NOT_FOUND');
    expectError(await api('POST', '/sessions/again/exec', { command: 'true' }), 404, 'SESSION_NOT_FOUND');
    const next = await createSession({ id: 'again' });
    expect((await next.exec('echo "[$x]"')).stdout).toBe('[]\n');
    await next.delete();
  });

  test('takes all it runs with it: the shell, its command, children and strays', async ({ other }) => {
    const session = await createSession();
    const seconds = uniqueSeconds();
    const start = `sleep ${seconds} & ( setsid sleep ${seconds} & ) ; setsid -f bash -c 'trap "" TERM; sleep ${seconds}; sleep ${seconds}'`;
    const { stdout: shell } = await session.exec(`${start}; echo $$`);
    const running = api('POST', `/sessions/${session.id}/exec`, { command: `sleep ${seconds}` });
    await until(async () => (await session.info()).runningCommand !== null);
    await session.delete();
    await running;
    await until(async () => (await other.exec(`pgrep -fc 'sleep ${seconds}' || true`)).stdout === '0\n');
    await until(
      async () => (await other.exec(`kill -0 ${shell.trim()} 2>/dev/null || echo gone`)).stdout === 'gone\n',
    );
  });

  test('leaves the results of its commands readable', async () => {
    const session = await createSession();
    const { id } = await session.exec('echo kept');
    await session.delete();
    expect((await api('GET', `/commands/${id}/output/stdout`)).body).toBe('kept\n');
  });
});

describe.runIf(target.name === 'engine')('of sessions with something that only their shell has', () => {
  const ids: string[] = [];

  afterEach(async () => {
    await Promise.all(ids.splice(0).map((id) => api('DELETE', `/sessions/${id}`)));
  }, 60_000);

  /** Makes sessions that cannot sleep, until one is refused. */
  async function fill(): Promise<Awaited<ReturnType<typeof api>>> {
    for (;;) {
      const answer = await api<{ id: string }>('POST', '/sessions');
      if (answer.status !== 201) return answer;
      ids.push(answer.body.id);
      expect(ids.length).toBeLessThanOrEqual(256);
      await new TestSession(answer.body.id).exec('exec 7</dev/null');
    }
  }

  test('the 257th is TOO_MANY_SESSIONS until one is deleted; what slept to make room wakes then', {
    timeout: 240_000,
  }, async ({ session }) => {
    await session.exec('kept=1');
    expectError(await fill(), 429, 'TOO_MANY_SESSIONS');
    expect(ids).toHaveLength(256);
    const wake = () => api('POST', `/sessions/${session.id}/exec`, { command: 'echo $kept', id: 'waking' });
    expectError(await wake(), 429, 'TOO_MANY_SESSIONS');
    expect((await session.info()).runningCommand).toBe(null);
    await api('DELETE', `/sessions/${ids.pop()}`);
    expect(await wake()).toMatchObject({ status: 200, body: { stdout: '1\n', shellRestarted: false } });
  });
});

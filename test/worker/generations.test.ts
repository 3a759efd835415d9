import { runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';
import { codeOf, newSandbox } from './harness/api.ts';
import { cut } from './harness/cuts.ts';
import { crash, evict, info, rows, saved, sessions, stubOf } from './harness/generations.ts';
import { until } from './harness/until.ts';

const SETUP =
  'cd /tmp; x=41; a=(1 2); f() { echo "f $x"; }; shopt -s extglob; set -o pipefail; alias hi="echo hi"';
const LOOK = 'pwd; echo $x ${a[1]}; f; shopt extglob; set -o | grep pipefail; hi';
const SEEN = '/tmp\n41 2\nf 41\nextglob        \ton\npipefail       \ton\nhi\n';

test('after a lost container a session goes on as it was', async () => {
  const sandbox = newSandbox();
  await sandbox.call('/sessions', { body: { id: 'other' } });
  for (const id of ['default', 'other']) {
    await sandbox.exec(SETUP, {}, id);
    await saved(sandbox, id, 'pipefail');
  }
  await crash(sandbox);
  for (const id of ['default', 'other']) {
    expect(await sandbox.exec(LOOK, {}, id)).toMatchObject({
      stdout: SEEN,
      stderr: '',
      shellRestarted: true,
    });
    expect(await sandbox.exec('true', {}, id)).toMatchObject({ shellRestarted: false });
  }
  expect(await info(sandbox)).toMatchObject({ state: 'running', generation: 2 });
});

test('it goes on through one lost container after the other, also where it was not used in between', async () => {
  const sandbox = newSandbox();
  await sandbox.call('/sessions', { body: { id: 'other' } });
  await sandbox.exec('n=first', {}, 'other');
  await saved(sandbox, 'other', 'first');
  await crash(sandbox);
  await sandbox.exec('true');
  await crash(sandbox);
  expect((await sandbox.exec('echo $n; n=second', {}, 'other')).stdout).toBe('first\n');
  await saved(sandbox, 'other', 'second');
  await crash(sandbox);
  expect((await sandbox.exec('echo $n', {}, 'other')).stdout).toBe('second\n');
  expect((await info(sandbox)).generation).toBe(4);
});

test('twenty sessions that are asked at once after a lost container each answer within five seconds', async () => {
  const sandbox = newSandbox();
  const ids = Array.from({ length: 20 }, (_, i) => `s${i}`);
  await Promise.all(ids.map((id) => sandbox.call('/sessions', { body: { id } })));
  await Promise.all(ids.map((id) => sandbox.exec(`mine=of-${id}-`, {}, id)));
  for (const id of ids) await saved(sandbox, id, `of-${id}-`);
  await crash(sandbox);
  const answers = await Promise.all(
    ids.map(async (id) => {
      const begun = performance.now();
      // Each twice at once: it is made once all the same.
      const both = await Promise.all([
        sandbox.exec('echo $mine', {}, id),
        sandbox.exec('echo $mine', {}, id),
      ]);
      return { out: both.map(({ stdout }) => stdout), ms: performance.now() - begun };
    }),
  );
  expect(answers.map(({ out }) => out)).toEqual(ids.map((id) => [`of-${id}-\n`, `of-${id}-\n`]));
  expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(5_000);
  expect((await info(sandbox)).generation).toBe(2);
}, 60_000);

test('a session that was made and not yet pulled outlives its container', async () => {
  const sandbox = newSandbox();
  await sandbox.call('', { method: 'PATCH', body: { env: { A: '1' } } });
  const made = await sandbox.call('/sessions', { body: { id: 'new', cwd: '/tmp', env: { B: '2' } } });
  expect(made.status).toBe(201);
  const uuid = await (await sandbox.call('/session', { body: { cwd: '/tmp' } })).json<{
    session_id: string;
  }>();
  await crash(sandbox);
  expect((await sandbox.exec('pwd; echo $A$B', {}, 'new')).stdout).toBe('/tmp\n12\n');
  expect((await sandbox.exec('pwd', {}, uuid.session_id)).stdout).toBe('/tmp\n');
});

test('sessions that are to come back are listed and looked at without waking anything', async () => {
  const sandbox = newSandbox();
  await sandbox.call('/sessions', { body: { id: 'other', cwd: '/tmp' } });
  void sandbox
    .call('/sessions/other/exec', { body: { command: 'sleep 600' } })
    .then((r) => r.text().catch(() => ''));
  await until('it runs', async () => (await info(sandbox)).sessions.some((s) => s.runningCommand));
  await crash(sandbox);
  const idle = { cwd: '/tmp', runningCommand: null, queueLength: 0 };
  expect((await sessions(sandbox)).map(({ id }) => id).sort()).toEqual(['default', 'other']);
  expect(await (await sandbox.call('/sessions/other')).json()).toMatchObject(idle);
  expect(await (await sandbox.call('/sessions/other/interrupt', { body: {} })).json()).toEqual({
    commandId: null,
  });
  expect(await info(sandbox)).toMatchObject({ state: 'stopped', generation: 1 });
  // In the next generation too, before anybody uses it.
  await sandbox.exec('true');
  expect((await sessions(sandbox)).find(({ id }) => id === 'other')).toMatchObject(idle);
  expect(await (await sandbox.call('/sessions/other')).json()).toMatchObject(idle);
  expect((await info(sandbox)).sessions.map(({ id }) => id).sort()).toEqual(['default', 'other']);
  expect(await codeOf(await sandbox.call('/sessions', { body: { id: 'other' } }))).toBe('SESSION_EXISTS');
});

test('a deleted session is gone for good, however its container ends', async () => {
  const sandbox = newSandbox();
  for (const id of ['a', 'b', 'c']) await sandbox.call('/sessions', { body: { id } });
  for (const id of ['a', 'b', 'c']) await sandbox.exec('x=1', {}, id);
  for (const id of ['a', 'b', 'c']) await saved(sandbox, id, 'x=');
  expect((await sandbox.call('/sessions/a', { method: 'DELETE' })).status).toBe(204);
  await crash(sandbox);
  expect((await sandbox.call('/sessions/b', { method: 'DELETE' })).status).toBe(204);
  expect((await sandbox.call('/session/c', { method: 'DELETE' })).status).toBe(200);
  for (const id of ['a', 'b', 'c']) {
    expect(await codeOf(await sandbox.call(`/sessions/${id}`, { method: 'DELETE' }))).toBe(
      'SESSION_NOT_FOUND',
    );
  }
  expect((await info(sandbox)).state).toBe('stopped');
  for (const id of ['a', 'b', 'c']) {
    const answer = await sandbox.call(`/sessions/${id}/exec`, { body: { command: 'true' } });
    expect(await codeOf(answer)).toBe('SESSION_NOT_FOUND');
  }
  expect(await rows(sandbox, "SELECT * FROM saved_sessions WHERE session_id <> 'default'")).toEqual([]);
  // Its name is free: what is made under it is new.
  await sandbox.call('/sessions', { body: { id: 'a' } });
  expect((await sandbox.exec('echo "[$x]"', {}, 'a')).stdout).toBe('[]\n');
});

test('a session that is deleted while it is brought back is gone, and its name is free', async () => {
  const sandbox = newSandbox();
  await sandbox.call('/sessions', { body: { id: 'a' } });
  await sandbox.exec('x=1', {}, 'a');
  await saved(sandbox, 'a', 'x=');
  await crash(sandbox);
  await sandbox.exec('true');
  const using = sandbox.call('/sessions/a/exec', { body: { command: 'echo $x' } });
  const deleted = await sandbox.call('/sessions/a', { method: 'DELETE' });
  expect([204, 404]).toContain(deleted.status);
  const used = await using;
  expect([200, 404]).toContain(used.status);
  await used.text();
  expect((await sessions(sandbox)).map(({ id }) => id)).toEqual(['default']);
  expect((await sandbox.call('/sessions', { body: { id: 'a' } })).status).toBe(201);
  expect((await sandbox.exec('echo "[$x]"', {}, 'a')).stdout).toBe('[]\n');
});

test('a sandbox that is deleted while its sessions are brought back stays deleted', async () => {
  const sandbox = newSandbox();
  await sandbox.exec('x=1');
  await saved(sandbox, 'default', 'x=');
  await crash(sandbox);
  const using = Array.from({ length: 5 }, () =>
    sandbox.call('/sessions/default/exec', { body: { command: 'echo $x' } }),
  );
  expect((await sandbox.call('', { method: 'PATCH', body: { env: { A: '1' } } })).status).toBe(200);
  expect((await sandbox.call('', { method: 'DELETE' })).status).toBe(204);
  for (const answer of await Promise.all(using)) await answer.text().catch(() => 'broken off');
  expect((await sandbox.call('')).status).toBe(404);
  expect((await sandbox.exec('echo "[$x$A]"')).stdout).toBe('[]\n');
  expect((await info(sandbox)).generation).toBe(1);
});

test('ids that mean something elsewhere are ids here', async () => {
  const sandbox = newSandbox();
  for (const id of ['__proto__', 'constructor', '...', '-', 'a.b', '_'.repeat(64)]) {
    const made = await sandbox.call('/sessions', { body: { id } });
    expect(made.status, id).toBe(201);
    await made.text();
    await sandbox.exec(`x=of${id.length}`, { id }, id);
    await saved(sandbox, id, `of${id.length}`);
  }
  await crash(sandbox);
  for (const id of ['__proto__', 'constructor', '...', '-', 'a.b', '_'.repeat(64)]) {
    expect((await sandbox.exec('echo $x', {}, id)).stdout).toBe(`of${id.length}\n`);
    const again = await sandbox.call(`/sessions/${id}/exec`, { body: { command: 'echo other', id } });
    expect(await codeOf(again)).toBe('COMMAND_ID_CONFLICT');
  }
});

test('a state of several rows comes back, and one too many gives way to its cwd and env', async () => {
  const sandbox = newSandbox();
  await sandbox.call('/sessions', { body: { id: 'old', cwd: '/tmp', env: { KEPT: 'yes' } } });
  await sandbox.call('/sessions', { body: { id: 'big', cwd: '/tmp' } });
  const { Store } = await import('../../worker/store/store.ts');
  await runInDurableObject(stubOf(sandbox), async (_, { storage }) => {
    const store = new Store(storage);
    const state = 'QUJD'.repeat(1_500_000);
    const of = (id: string, version: number) => ({ ...store.savedSession(store.sessions.get(id)!), version });
    store.save({ ...of('old', 1), state }, 1);
    const left = () => store.savedSession(store.sessions.get('old')!);
    // Not given to expect, which would show all of it.
    expect(left().state === state).toBe(true);
    store.save({ ...of('big', 1), state: 'QUJD'.repeat(16_000_000) }, 1);
    expect(left().state?.length).toBeUndefined();
    expect(left().env).toEqual({ KEPT: 'yes' });
    expect(store.sessions.get('old')).toMatchObject({ stateTruncated: true, checkpoint: 1 });
    // A smaller one leaves nothing of the larger behind.
    store.save({ ...of('big', 2), state: 'QUJD' }, 1);
    expect(store.savedSession(store.sessions.get('big')!).state).toBe('QUJD');
    // Late, from a generation that is over, or of a session that was made anew meanwhile: dropped.
    store.save({ ...of('big', 3), state: 'AAAA' }, 0);
    store.save({ ...of('big', 3), createdAt: '2001-01-01T00:00:00.000Z', state: 'AAAA' }, 1);
    expect(store.savedSession(store.sessions.get('big')!).state).toBe('QUJD');
  });
  await crash(sandbox);
  expect((await sandbox.exec('pwd; echo $KEPT', {}, 'old')).stdout).toBe('/tmp\nyes\n');
  // What no engine can read is left out rather than the session.
  expect((await sandbox.exec('pwd', {}, 'big')).stdout).toBe('/tmp\n');
});

test('sessions that are to come back count, and one that nobody used for long makes room', async () => {
  const sandbox = newSandbox();
  await sandbox.exec('true');
  await until('its session is stored', async () => (await info(sandbox)).sessions.length === 1);
  await crash(sandbox);
  const at = (daysAgo: number) => new Date(Date.now() - daysAgo * 86_400_000).toISOString();
  const insert = (id: string, usedAt: string) =>
    rows(
      sandbox,
      `INSERT INTO sessions (id, generation, cwd, created_at, last_used_at, queue_length)
       VALUES (?, 1, '/tmp', ?, ?, 0)`,
      id,
      usedAt,
      usedAt,
    );
  for (let i = 0; i < 255; i += 1) await insert(`s${i}`, at(1));
  expect(await codeOf(await sandbox.call('/sessions', { body: {} }))).toBe('TOO_MANY_SESSIONS');
  await rows(sandbox, 'UPDATE sessions SET last_used_at = ? WHERE id = ?', at(8), 's7');
  expect((await sandbox.call('/sessions', { body: { id: 'new' } })).status).toBe(201);
  expect((await sessions(sandbox)).some(({ id }) => id === 's7')).toBe(false);
  expect((await sandbox.exec('pwd', {}, 's8')).stdout).toBe('/tmp\n');
});

test('a Durable Object that leaves memory during a start of its container does not start another', async () => {
  const sandbox = newSandbox();
  const first = sandbox.call('/sessions/default/exec', { body: { command: 'echo one', id: 'one' } });
  await until(
    'it starts',
    async () => (await rows(sandbox, 'SELECT generation FROM sandbox'))[0]?.generation === 1,
  );
  await evict(sandbox);
  await first.then((answer) => answer.text()).catch(() => 'broken off');
  const answers = await Promise.all([sandbox.exec('echo $PPID'), sandbox.exec('echo $PPID', {}, 'default')]);
  expect(new Set(answers.map(({ stdout }) => stdout)).size).toBe(1);
  expect((await info(sandbox)).generation).toBe(1);
});

test('one that left memory in the middle of bringing a session back finds it made', async () => {
  const sandbox = newSandbox();
  await sandbox.exec('x=1');
  await saved(sandbox, 'default', 'x=');
  await crash(sandbox);
  expect((await sandbox.exec('echo $x; x=2')).stdout).toBe('1\n');
  // As if it had gone before it could note that the session is back.
  await rows(sandbox, 'UPDATE sessions SET generation = 1');
  await evict(sandbox);
  expect((await sandbox.exec('echo $x')).stdout).toBe('2\n');
});

test('who comes while an engine drains waits for the next generation, and finds the session there', async () => {
  const sandbox = newSandbox();
  await sandbox.exec('x=1');
  await saved(sandbox, 'default', 'x=');
  // The platform's own SIGTERM: nobody here was told of it.
  await cut(sandbox, /exec$/, ['drain']);
  const answers = await Promise.all(
    Array.from({ length: 5 }, (_, i) => sandbox.exec('echo $x', { id: `a${i}` })),
  );
  expect(answers.map(({ stdout }) => stdout)).toEqual(Array(5).fill('1\n'));
});

test('right after its container was killed a session answers, and nothing is said to be lost that never ran', async () => {
  const sandbox = newSandbox();
  for (let round = 1; round <= 5; round += 1) {
    await sandbox.exec(`x=round-${round}-`);
    await saved(sandbox, 'default', `round-${round}-`);
    await runInDurableObject(stubOf(sandbox), (_, ctx) => ctx.container!.destroy());
    expect(await sandbox.exec('echo $x')).toMatchObject({
      stdout: `round-${round}-\n`,
      shellRestarted: true,
    });
  }
});

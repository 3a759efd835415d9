// A session that one engine saved is made again by another, equal to what it was.
import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LIMITS, type SavedSession, type SessionInfo } from '#protocol';
import { target } from './harness/api.ts';
import { OwnEngine } from './harness/own-engine.ts';
import { FILL_STATE, SHOW_STATE } from './harness/state.ts';

const put = <T = SessionInfo>(engine: OwnEngine, saved: SavedSession) =>
  engine.call<T>('PUT', `/sessions/${saved.id}/checkpoint`, saved);
const refusal = { error: { code: expect.any(String) } };

// Two engines of their own, which stand for two starts of one container.
describe.skipIf(target.name !== 'engine')('a saved session', { timeout: 60_000 }, () => {
  let first: OwnEngine;
  let second: OwnEngine;
  let made = 0;

  const create = async (body: object = {}) => {
    const id = `saved-${made++}`;
    expect((await first.call('POST', '/sessions', { id, ...body })).status).toBe(201);
    return id;
  };
  const told = async (engine: OwnEngine, id: string) =>
    (await engine.sync()).sessions.find((session) => session.id === id)?.checkpoint;

  beforeAll(async () => {
    [first, second] = await Promise.all([
      OwnEngine.start(),
      OwnEngine.start({ HOLDFAST_GENERATION: '2', HOLDFAST_HIBERNATE_MS: '0' }),
    ]);
  });
  afterAll(async () => {
    await first.stop();
    await second.stop();
  });

  test('is where its state was written, whatever else was told of its place', async () => {
    const id = await create();
    await first.exec(id, 'cd /usr; cd /bin');
    const saved = await first.save(id);
    expect(saved.cwd).toBe('/bin');
    expect(await put(second, { ...saved, cwd: '/usr' })).toMatchObject({ body: { cwd: '/bin' } });
    expect((await second.exec(id, 'echo $PWD $OLDPWD')).stdout).toBe('/bin /usr\n');
  });

  test('has in another engine all that it had, and its first result says that the shell is another', async () => {
    const id = await create({ env: { GREETING: 'hi' } });
    await first.exec(id, FILL_STATE);
    const before = await first.exec(id, SHOW_STATE);
    await first.exec(id, '(exit 9)');
    const saved = await first.save(id);
    const answer = await put(second, saved);
    expect(answer).toMatchObject({ status: 201, body: { id, cwd: '/usr', runningCommand: null } });
    expect(answer.body.createdAt).toBe(saved.createdAt);
    expect(answer.body.lastUsedAt).toBe(saved.lastUsedAt);
    expect((await second.save(id)).state).toBe(saved.state);
    const status = await second.exec(id, 'echo $? $GREETING');
    expect(status).toMatchObject({ stdout: '9 hi\n', shellRestarted: true });
    const after = await second.exec(id, SHOW_STATE);
    const elsewhere = (text: string) => text.replaceAll(first.folder, second.folder);
    expect(elsewhere(after.stdout)).toBe(elsewhere(before.stdout));
    expect(after.shellRestarted).toBe(false);
    expect(await told(second, id)).toBeGreaterThan(saved.version);
  });

  test('begins where the nearest parent of its directory is, and says where it had been', async () => {
    const folder = `${first.folder}/parent/child`;
    mkdirSync(folder, { recursive: true });
    const id = await create({ cwd: folder });
    await first.exec(id, 'x=1; cd .; rmdir "$PWD"');
    await put(second, await first.save(id));
    expect(await second.exec(id, 'echo $x')).toMatchObject({
      stdout: '1\n',
      cwd: `${first.folder}/parent`,
      missingCwd: folder,
    });
    expect(await second.exec(id, 'pwd')).not.toHaveProperty('missingCwd');
  });

  test('that never ran anything is saved without a state', async () => {
    const id = await create({ cwd: '/usr', env: { A: 'b' } });
    expect(await told(first, id)).toBe(0);
    const saved = await first.save(id);
    expect(saved).toMatchObject({ version: 0, state: null, cwd: '/usr', env: { A: 'b' } });
    expect((await put(second, saved)).status).toBe(201);
    expect((await second.exec(id, 'pwd; echo $A')).stdout).toBe('/usr\nb\n');
  });

  test('has a version that is told right after each command, and rises through all its shells', async () => {
    const id = await create();
    let last = 0;
    for (const command of ['x=1', 'x=2; kill -9 $$', 'x=3; exit 3', 'exec true', 'echo $x', ':']) {
      await first.exec(id, command);
      const version = await told(first, id);
      const saved = await first.save(id);
      expect(saved.version).toBeGreaterThanOrEqual(version!);
      expect(version).toBeGreaterThan(last);
      last = version!;
    }
    await put(second, await first.save(id));
    expect((await second.exec(id, 'echo $x')).stdout).toBe('3\n');
  });

  test('is told once it is written: what a command set is in the state that is got right after it', async () => {
    const id = await create();
    for (let n = 1; n <= 20; n++) {
      await first.exec(id, `n=${n}`);
      const { state, version } = await first.save(id);
      expect(Buffer.from(state!, 'base64').toString()).toContain(`declare -- n="${n}"\n`);
      expect(version).toBe(await told(first, id));
    }
  });

  test('is never larger than a checkpoint may be, and says that it lacks its largest variables', async () => {
    const id = await create({ env: { KEPT: 'kept' } });
    await first.exec(
      id,
      'huge=$(head -c 3000000 /dev/zero | tr "\\0" x); large=${huge:0:400000}; small=s; f() { echo f; }',
    );
    const saved = await first.save(id);
    expect(JSON.stringify(saved).length).toBeLessThanOrEqual(LIMITS.checkpointBytes);
    expect((await first.call<SessionInfo>('GET', `/sessions/${id}`)).body.stateTruncated).toBe(true);
    expect((await first.exec(id, 'echo ${#huge}')).stdout).toBe('3000000\n');
    expect((await put(second, saved)).body.stateTruncated).toBe(true);
    expect((await second.exec(id, 'echo ${#huge} ${#large} $small $KEPT; f')).stdout).toBe(
      '0 400000 s kept\nf\n',
    );
  });

  test('is not made where one of its name is', async () => {
    const id = await create();
    await first.exec(id, 'x=1');
    const saved = await first.save(id);
    expect(await put(first, saved)).toMatchObject({
      status: 409,
      body: { error: { code: 'SESSION_EXISTS' } },
    });
    expect((await first.exec(id, 'echo $x')).stdout).toBe('1\n');
  });

  test('named default takes the place of a default that nobody has used', async () => {
    await first.exec('default', 'x=saved');
    const saved = await first.save('default');
    expect((await put(second, saved)).status).toBe(201);
    expect(await second.exec('default', 'echo $x')).toMatchObject({
      stdout: 'saved\n',
      shellRestarted: true,
    });
    expect((await put(second, saved)).status).toBe(409);
  });

  test('that was tampered with is refused', async () => {
    const id = await create();
    await first.exec(id, 'x=1');
    const saved = { ...(await first.save(id)), id: 'tampered' };
    const wrong: Partial<SavedSession>[] = [
      { state: 'bm90IGEgc3RhdGU=' },
      { state: saved.state!.slice(0, -400) },
      { version: saved.version + 1 },
      { cwd: 'relative' },
      { createdAt: 'yesterday' },
      { lastStatus: 256 },
    ];
    for (const change of wrong) {
      const answer = await put<unknown>(second, { ...saved, ...change });
      expect(answer, JSON.stringify(change).slice(0, 80)).toMatchObject({ status: 400, body: refusal });
    }
    expect((await second.call('PUT', '/sessions/another/checkpoint', saved)).status).toBe(400);
    expect((await second.call('GET', '/sessions/tampered')).status).toBe(404);
  });

  test('whose state breaks every shell wakes without it', async () => {
    const id = await create();
    await first.exec(id, "x=1; PROMPT_COMMAND='kill -9 $$'");
    const saved = await first.save(id);
    expect((await put(second, saved)).status).toBe(201);
    expect((await second.exec(id, 'echo "[$x]"')).stdout).toMatch(/^\[1?\]\n$/);
    expect((await second.exec(id, 'echo on')).stdout).toBe('on\n');
  });
});

// A shell that ends is followed by one that is equal to it.
import { describe, expect } from 'vitest';
import { test } from './harness/session.ts';
import { FILL_STATE, SHOW_STATE } from './harness/state.ts';

test('after exit 3 all state is there in a fresh shell', async ({ session }) => {
  await session.exec(FILL_STATE);
  const before = await session.exec(SHOW_STATE);
  const { stdout: pid } = await session.exec('echo $$');
  expect(await session.exec('exit 3')).toMatchObject({ exitCode: 3, shellRestarted: true });
  expect((await session.exec('echo $$')).stdout).not.toBe(pid);
  const after = await session.exec(SHOW_STATE);
  expect(after.stdout).toBe(before.stdout);
  expect(after.stdout).toContain('plain=');
  expect(after.shellRestarted).toBe(false);
});

test('what the ending command itself did is there too', async ({ session }) => {
  await session.exec('early=1');
  await session.exec('late=2; cd /usr; f() { echo f; }; exit 4');
  expect((await session.exec('echo $early $late; pwd; f')).stdout).toBe('1 2\n/usr\nf\n');
});

test('exit in a function leaves the positional parameters of the session, not those of the function', async ({
  session,
}) => {
  await session.exec('set -- of session; leave() { exit 2; }');
  await session.exec('leave with others now');
  expect((await session.exec('echo "$# $*"')).stdout).toBe('2 of session\n');
  await session.exec('set -- late; exit 3');
  expect((await session.exec('echo "$# $*"')).stdout).toBe('1 late\n');
});

test('where the directory is gone, the shell begins in its nearest parent and the result says so', async ({
  session,
  folder,
}) => {
  await session.exec(`mkdir -p ${folder}/a/b; cd ${folder}/a/b`);
  const gone = await session.exec('rm -r ../../a; exit 3');
  expect(gone).toMatchObject({ exitCode: 3, cwd: folder, missingCwd: `${folder}/a/b` });
  const next = await session.exec('pwd');
  expect(next).toMatchObject({ stdout: `${folder}\n`, cwd: folder });
  expect(next).not.toHaveProperty('missingCwd');
  await session.exec(`mkdir -p ${folder}/c; cd ${folder}/c`);
  const { end } = await session.stream('rmdir ../c; kill -9 $$');
  expect(end).toMatchObject({ type: 'exit', cwd: folder, missingCwd: `${folder}/c` });
});

test('exit in a function, in a sourced file and by set -e keeps the exit code and the state', async ({
  session,
  folder,
}) => {
  expect(await session.exec('leave() { v=function; exit 5; }; leave')).toMatchObject({ exitCode: 5 });
  expect((await session.exec('echo $v')).stdout).toBe('function\n');
  await session.exec('echo "v=file; exit 6" > leave.sh', { cwd: folder });
  expect(await session.exec('. ./leave.sh', { cwd: folder })).toMatchObject({ exitCode: 6 });
  expect((await session.exec('echo $v')).stdout).toBe('file\n');
  expect(await session.exec('set -e; v=errexit; (exit 8); echo not reached')).toMatchObject({
    exitCode: 8,
    stdout: '',
    shellRestarted: true,
  });
  expect((await session.exec('echo $v')).stdout).toBe('errexit\n');
});

describe('where the shell had no way to write its state', () => {
  test('exec ends with the exit code and all output of what it became', async ({ session }) => {
    await session.exec('before=1');
    const result = await session.exec('echo first; exec bash -c "echo second; exit 9"');
    expect(result).toMatchObject({ exitCode: 9, stdout: 'first\nsecond\n', shellRestarted: true });
    expect((await session.exec('echo $before')).stdout).toBe('1\n');
  });

  test('kill -9 leaves the state of the last checkpoint', async ({ session }) => {
    await session.exec('before=1; cd /usr');
    const result = await session.exec('echo heard; kill -9 $$');
    expect(result).toMatchObject({ exitCode: 137, stdout: 'heard\n', shellRestarted: true });
    expect((await session.exec('echo $before; pwd')).stdout).toBe('1\n/usr\n');
  });

  test('kill -9 of one shell after the other leaves it too', async ({ session }) => {
    await session.exec('before=1; cd /usr');
    for (const _ of [1, 2, 3]) await session.exec('kill -9 $$');
    expect((await session.exec('echo $before; pwd')).stdout).toBe('1\n/usr\n');
  });

  test("a user's own EXIT trap runs and is heard", async ({ session }) => {
    await session.exec("before=1; trap 'echo bye' EXIT");
    expect(await session.exec('echo hi; exit 3')).toMatchObject({ exitCode: 3, stdout: 'hi\nbye\n' });
    expect((await session.exec('echo $before')).stdout).toBe('1\n');
  });
});

test('a shell that dies while idle is replaced, and the next command says so', async ({ session, other }) => {
  await session.exec('kept=1');
  // A shell that runs the next command has written the state of the one before.
  const { stdout: pid } = await session.exec('echo $$');
  await other.exec(`kill -9 ${pid.trim()}; while kill -0 ${pid.trim()} 2>/dev/null; do :; done`);
  expect(await session.exec('echo $kept')).toMatchObject({ stdout: '1\n', shellRestarted: true });
  expect(await session.exec('echo $kept')).toMatchObject({ stdout: '1\n', shellRestarted: false });
});

test('a background child goes on when the shell ends', async ({ session }) => {
  const { stdout: pid } = await session.exec('sleep 60 & echo $!');
  await session.exec('exit 1');
  expect((await session.exec(`kill -0 ${pid.trim()} && echo alive; kill ${pid.trim()}`)).stdout).toBe(
    'alive\n',
  );
});

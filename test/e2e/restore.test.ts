// A shell that ends is followed by one that is equal to it.
import { describe, expect } from 'vitest';
import { test } from './harness/session.ts';

/** All that a checkpoint must hold, without what bash itself counts on. */
const SHOW_STATE = `
declare -p | grep -vE '^declare -[-a-zA-Z]+ (_|__hf_\\w*|BASH\\w*|DIRSTACK|EPOCH\\w+|FUNCNAME|GROUPS|HISTCMD|LINENO|PIPESTATUS|PPID|RANDOM|SECONDS|SRANDOM|SHELLOPTS|COLUMNS|LINES|SHLVL)(=|$)'
declare -f; alias; shopt; set +o; umask; pwd; trap
`;

const FILL_STATE = `
cd /usr/lib; cd /usr
plain='a "quoted" $value'; export EXPORTED=$'with\\nnewline'; declare -i number=5
array=(one "two three" [5]=six); declare -A map=([key]=value ["a b"]="c d")
declare -r constant=1; declare -l lower=ABC; empty=; bytes=$'\\xff\\x01'
declare -n reference=plain
say() { local x="$1"; echo "said $x" <<< here; }
alias ll='ls -l'
shopt -s extglob nullglob; set -o pipefail; umask 027
trap 'echo usr1' USR1
trap '' USR2
`;

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

  test('and so does a second kill right after the first', async ({ session }) => {
    await session.exec('before=1; cd /usr');
    await session.exec('exit 3');
    expect(await session.exec('kill -9 $$')).toMatchObject({ exitCode: 137, shellRestarted: true });
    await session.exec('kill -9 $$');
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

// What one command does to its shell is there for the next.
import { describe, expect } from 'vitest';
import { test } from './harness/session.ts';

describe('a session keeps', () => {
  const kept: [what: string, set: string, show: string, expected: string][] = [
    ['its working directory', 'cd /usr/bin', 'pwd', '/usr/bin\n'],
    ['variables', "x='a  b'", 'echo "$x"', 'a  b\n'],
    ['exported variables', 'export X=1', 'bash -c "echo \\$X"', '1\n'],
    ['arrays', 'a=(1 "2 3" 4); unset "a[0]"', 'declare -p a', 'declare -a a=([1]="2 3" [2]="4")\n'],
    ['associative arrays', 'declare -A m=([k]="v w")', 'echo "${m[k]}"', 'v w\n'],
    ['integer and readonly attributes', 'declare -ir n=2+3', 'declare -p n', 'declare -ir n="5"\n'],
    ['functions', 'greet() { echo "hello $1"; }', 'greet you', 'hello you\n'],
    ['aliases, which expand', "alias hi='echo alias'", 'hi there', 'alias there\n'],
    ['shopt', 'shopt -s nullglob', 'shopt -q nullglob && echo on', 'on\n'],
    ['set -o', 'set -o pipefail', 'false | true; echo $?', '1\n'],
    ['umask', 'umask 027', 'umask', '0027\n'],
    ['traps', "trap 'echo usr1' USR1", 'kill -USR1 $$; echo end', 'usr1\nend\n'],
    ['$?', '(exit 7)', 'echo $?', '7\n'],
    ['$OLDPWD', 'cd /usr; cd /', 'cd -', '/usr\n'],
    ['positional parameters', 'set -- one "two three"', 'echo "$# $2"', '2 two three\n'],
    ['background children', 'sleep 60 & child=$!', 'kill -0 $child && kill $child && echo alive', 'alive\n'],
    ['its identity', 'pid=$$', '[ $pid = $$ ] && echo same', 'same\n'],
  ];
  for (const [what, set, show, expected] of kept) {
    test(what, async ({ session }) => {
      await session.exec(set);
      expect(await session.exec(show)).toMatchObject({ stdout: expected, stderr: '' });
    });
  }
});

test('variables of users named like a wrapper would name its own are left alone', async ({ session }) => {
  const names = [
    'log',
    'dir',
    'id',
    'rc',
    'cmd',
    'pid',
    'out',
    'err',
    'file',
    'code',
    'status',
    'f',
    'i',
    '_x',
  ];
  await session.exec(names.map((name) => `${name}=my-${name}`).join('\n'));
  await session.exec('true');
  const shown = await session.exec(names.map((name) => `echo "\${${name}}"`).join('\n'));
  expect(shown.stdout).toBe(names.map((name) => `my-${name}\n`).join(''));
});

test('a bare exec >file lasts for its command only', async ({ session, folder }) => {
  await session.exec('exec >out; echo in the file', { cwd: folder });
  expect((await session.exec('echo heard; cat out', { cwd: folder })).stdout).toBe('heard\nin the file\n');
});

test('cwd comes with every result, and is where the next command starts', async ({ session }) => {
  expect((await session.exec('cd /usr/lib')).cwd).toBe('/usr/lib');
  expect((await session.info()).cwd).toBe('/usr/lib');
});

describe('given with a call', () => {
  test('cwd holds for that call, whatever the command does to it', async ({ session }) => {
    await session.exec('cd /usr');
    expect((await session.exec('pwd; cd /', { cwd: '/usr/lib' })).stdout).toBe('/usr/lib\n');
    expect((await session.exec('pwd')).stdout).toBe('/usr\n');
  });

  test('cwd may be relative to where the session is', async ({ session }) => {
    await session.exec('cd /usr');
    expect((await session.exec('pwd', { cwd: 'lib' })).stdout).toBe('/usr/lib\n');
  });

  test('cwd leaves $OLDPWD as it was', async ({ session }) => {
    await session.exec('cd /usr; cd /');
    await session.exec('true', { cwd: '/usr/lib' });
    expect((await session.exec('echo $OLDPWD')).stdout).toBe('/usr\n');
  });

  test('env is exported for that call, and the variables are what they were before', async ({ session }) => {
    await session.exec('old=before; export pub=before');
    const env = { old: 'given', pub: 'given', fresh: 'given' };
    const during = await session.exec(
      'bash -c \'echo "$old $pub $fresh"\'; old=changed pub=changed; unset fresh',
      { env },
    );
    expect(during.stdout).toBe('given given given\n');
    const after = await session.exec('declare -p old pub; echo "${fresh-unset}"');
    expect(after.stdout).toBe('declare -- old="before"\ndeclare -x pub="before"\nunset\n');
  });

  test('what else the command sets does persist', async ({ session }) => {
    await session.exec('kept=$given', { env: { given: 'value' }, cwd: '/' });
    expect((await session.exec('echo "$kept"')).stdout).toBe('value\n');
  });

  test('neither is taken for shell text', async ({ session, folder }) => {
    const hostile = `a'b"c $(touch pwned) \`touch pwned\` \\ ; touch pwned\n&& touch pwned é`;
    const shown = await session.exec('printf %s "$V"', { env: { V: hostile }, cwd: folder });
    expect(shown.stdout).toBe(hostile);
    await session.exec('mkdir -- "$N"', { env: { N: `x'"$(touch pwned)\n` }, cwd: folder });
    const inside = await session.exec('pwd', { cwd: `${folder}/x'"$(touch pwned)\n` });
    expect(inside.stdout).toBe(`${folder}/x'"$(touch pwned)\n\n`);
    expect((await session.exec('find . -name pwned', { cwd: folder })).stdout).toBe('');
  });
});

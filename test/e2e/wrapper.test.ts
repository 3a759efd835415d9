// Nothing of the way a command is run shows to the command, and nothing it defines gets in the way.
import { describe, expect } from 'vitest';
import { test } from './harness/session.ts';

/** A sourced text is traced one level deeper than `bash -c` traces it. */
const oneLevel = (trace: string) => trace.replace(/^\++ /gm, '+ ');

test('set -x shows the commands of the user and no others', async ({ session }) => {
  const first = await session.exec('set -x; echo one');
  expect(oneLevel(first.stderr)).toBe('+ echo one\n');
  const second = await session.exec('echo two\necho three');
  expect(oneLevel(second.stderr)).toBe('+ echo two\n+ echo three\n');
  const third = await session.exec('pwd', { cwd: '/usr', env: { A: '1' } });
  expect(oneLevel(third.stderr)).toBe('+ pwd\n');
  expect(oneLevel((await session.exec('set +x')).stderr)).toBe('+ set +x\n');
  expect((await session.exec('echo four')).stderr).toBe('');
});

test('set -v shows nothing of the wrapper', async ({ session }) => {
  await session.exec('set -v');
  expect((await session.exec('echo hi')).stderr).not.toContain('__hf_');
});

test('trap, jobs, alias, history and positional parameters are empty but for __hf_', async ({ session }) => {
  const shown = await session.exec('trap | grep -v \'__hf_\'; jobs; alias; history; echo "$#"');
  expect(shown).toMatchObject({ stdout: '0\n', stderr: '' });
});

test('a job of the user is the only one that jobs lists, and no notice gets into stderr', async ({
  session,
}) => {
  const started = await session.exec('sleep 60 &');
  expect(started).toMatchObject({ stdout: '', stderr: '' });
  expect((await session.exec('jobs | wc -l; kill %1; wait')).stdout.trim()).toBe('1');
  expect(await session.exec('echo quiet')).toMatchObject({ stdout: 'quiet\n', stderr: '' });
});

test('declare shows no name beyond those of an interactive bash, but for __hf_', async ({ session }) => {
  const names = async (command: string) => new Set((await session.exec(command)).stdout.split(/\s+/));
  const plain = await names('bash --noprofile --norc -c "compgen -v; compgen -A function"');
  const here = await names('compgen -v; compgen -A function');
  const interactive =
    /^(PS[0-4]|PROMPT_COMMAND|HIST\w+|COLUMNS|LINES|MAILCHECK|BASH\w*|FUNCNAME|PIPESTATUS|__hf_\w*|OLDPWD|TMOUT)$/;
  expect([...here].filter((name) => !plain.has(name) && !interactive.test(name))).toEqual([]);
});

test('commands see none of the secrets and settings of the engine', async ({ session }) => {
  const { stdout } = await session.exec('env; declare -p');
  expect(stdout).not.toMatch(/HOLDFAST/);
  expect((await session.exec('tr "\\0" "\\n" < /proc/$$/environ')).stdout).not.toMatch(/HOLDFAST|TOKEN/);
});

describe('a function of the user named', () => {
  const names = (
    'mv rm echo printf read eval builtin command test ' +
    'cd exit source unset declare set export trap return exec kill wait local shift pwd umask shopt alias ' +
    'mkfifo cat sleep [ : . true'
  ).split(' ');
  for (const name of names) {
    test(`${name} does no harm and is left alone`, async ({ session }) => {
      await session.exec(`function ${name} { /bin/echo mine; }`);
      expect(await session.exec('/bin/echo ok')).toMatchObject({ stdout: 'ok\n', stderr: '', exitCode: 0 });
      expect((await session.exec(name)).stdout).toBe('mine\n');
      // With env and cwd the wrapper has more to do.
      const given = await session.exec('/bin/echo "$A"; /bin/pwd', { env: { A: 'a' }, cwd: '/usr' });
      expect(given).toMatchObject({ stdout: 'a\n/usr\n', stderr: '', exitCode: 0 });
    });
  }
});

describe('commands go on working after', () => {
  const settings = [
    'PATH=/nowhere',
    'PATH=',
    'unset PATH HOME PWD OLDPWD IFS',
    "IFS='echo\n'",
    'PS1="$(echo prompt)"; PS2=x; PS4=y',
    'PROMPT_COMMAND="echo prompt"',
    'PROMPT_COMMAND=(false "echo prompt")',
    'readonly PROMPT_COMMAND PS1 PS2 IFS PATH PWD OLDPWD',
    'TMOUT=1',
    'set -u -e -f -C -b -m -h -k -B -H; set +e',
    'set -o posix',
    'set -o noclobber; set -o vi; set -o emacs',
    'shopt -s failglob nullglob extdebug lastpipe xpg_echo localvar_inherit',
    'enable -n echo printf read eval test',
    'GLOBIGNORE=*; POSIXLY_CORRECT=1; LC_ALL=C; LANG=tr_TR.UTF-8',
    'BASH_ENV=/dev/null; ENV=/dev/null; FUNCNEST=1',
    'ulimit -n 20',
    'HISTFILE=/tmp; set -o history',
    'BASH_XTRACEFD=9',
    'hash -r; set +h; cd /proc/self',
  ];
  for (const setting of settings) {
    test(setting, async ({ session }) => {
      await session.exec(setting);
      expect(await session.exec('/bin/echo ok; (exit 3)')).toMatchObject({ stdout: 'ok\n', exitCode: 3 });
      expect(await session.exec('/bin/echo again')).toMatchObject({ stdout: 'again\n', exitCode: 0 });
    });
  }
});

test('a session idles past TMOUT without losing its shell', async ({ session, other }) => {
  const { stdout: pid } = await session.exec('TMOUT=1; echo $$');
  await other.exec('sleep 1.5');
  expect(await session.exec('echo $$')).toMatchObject({ stdout: pid, shellRestarted: false });
});

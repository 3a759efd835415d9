// What broke sessions once, or would: each ends with a true answer, and the session keeps its state.
import { describe, expect } from 'vitest';
import type { CommandInfo } from '#protocol';
import { api } from './harness/api.ts';
import { type TestSession, test } from './harness/session.ts';
import { until } from './harness/until.ts';

/** Runs each command in turn; the last one's stdout. */
async function inTurn(session: TestSession, ...commands: string[]): Promise<string> {
  let stdout = '';
  for (const command of commands) ({ stdout } = await session.exec(command));
  return stdout;
}

describe('state comes back after an exit', () => {
  test('in a directory with quotes, dollars and backslashes', async ({ session }) => {
    const name = 'a$b "q\\ `x`';
    await session.exec(`d=$(mktemp -d); mkdir "$d"/'${name}'; cd "$d"/'${name}'`);
    expect(await inTurn(session, 'exit 0', 'pwd')).toMatch(/\/a\$b "q\\ `x`\n$/);
  });

  test('under POSIX mode and with an empty IFS', async ({ session }) => {
    expect(await inTurn(session, 'v=1; set -o posix; IFS=', 'exit 1', 'echo "$v"; set +o | grep posix')).toBe(
      '1\nset -o posix\n',
    );
  });

  test('with traps on ERR and RETURN, and without an OLDPWD that was unset', async ({ session }) => {
    await inTurn(session, 'trap "echo e" ERR; unset OLDPWD', 'exit 0');
    expect((await session.exec('trap -p ERR; echo "${OLDPWD-unset}"')).stdout).toBe(
      "trap -- 'echo e' ERR\nunset\n",
    );
  });

  test('with functions whose bytes are no UTF-8', async ({ session }) => {
    await inTurn(session, `eval "$(printf "f() { printf '%%s' '\\\\xff\\\\xfe'; }")"`, 'exit 0');
    expect((await session.exec('f | od -An -tx1')).stdout.trim()).toBe('ff fe');
  });

  test('whatever a call’s own cwd and env were when it ended the shell', async ({ session }) => {
    await session.exec('cd /tmp');
    await session.exec('exit 4', { cwd: '/usr', env: { FOO: 'bar' } });
    await session.exec('set -e; cd /var; false', { cwd: '/usr', env: { HOME: '/zz' } });
    expect((await session.exec('set +e; pwd; echo "${FOO-unset}"; [ "$HOME" != /zz ]')).stdout).toBe(
      '/tmp\nunset\n',
    );
  });
});

describe("a call's own cwd and env", () => {
  test('leave the session alone when calls queue up', async ({ session }) => {
    await session.exec('export A=orig; PROMPT_COMMAND="sleep 0.02"');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        session.exec('echo "$A"', { env: i % 2 === 0 ? { A: `call ${i}` } : { B: 'z' } }),
      ),
    );
    expect(answers.map(({ stdout }) => stdout)).toEqual(
      answers.map((_, i) => (i % 2 === 0 ? `call ${i}\n` : 'orig\n')),
    );
    expect((await session.exec('echo "$A"')).stdout).toBe('orig\n');
  });

  test('do not reach through namerefs or attributes', async ({ session }) => {
    await session.exec('declare -n r=t; t=orig; declare -i n=5; declare -a l=(1 2)');
    const { stdout } = await session.exec('echo "$r $n ${l[@]}"', { env: { r: 'x', n: 'abc', l: 'y' } });
    expect(stdout).toBe('x abc y\n');
    expect((await session.exec('echo "$t $r $n ${l[@]}"')).stdout).toBe('orig orig 5 1 2\n');
    await session.exec('declare -n Z=HOME', { env: { Z: 'v' } });
    expect((await session.exec('echo "${HOME:+there} ${Z-unset}"')).stdout).toBe('there unset\n');
  });

  test('are undone under set -e, also what cannot be undone', async ({ session }) => {
    await session.exec('set -e');
    expect(await session.exec('readonly FOO', { env: { FOO: '1' } })).toMatchObject({
      exitCode: 0,
      shellRestarted: false,
    });
  });

  test('come back as near as there is when the session’s directory was removed meanwhile', async ({
    session,
  }) => {
    const { stdout } = await session.exec('d=$(mktemp -d); mkdir "$d/gone"; cd "$d/gone"; echo "$d"');
    await session.exec('rmdir "$d/gone"', { cwd: '/usr' });
    expect((await session.exec('pwd')).stdout).toBe(stdout);
  });

  test('are never ignored: without the builtins for it the command does not run', async ({ session }) => {
    await session.exec('enable -n mapfile');
    const { status } = await api('POST', `/sessions/${session.id}/exec`, { command: 'ran=1', cwd: '/usr' });
    expect(status).toBe(400);
    expect((await session.exec('echo "${ran-not}"')).stdout).toBe('not\n');
  });

  test('that are too long or loop are no directory', async ({ session }) => {
    await session.exec('cd "$(mktemp -d)"; ln -s loop loop');
    for (const cwd of ['x'.repeat(300), 'loop']) {
      const answer = await api('POST', `/sessions/${session.id}/exec`, { command: 'echo', cwd });
      expect(answer).toMatchObject({ status: 400, body: { error: { code: 'CWD_NOT_FOUND' } } });
    }
  });
});

describe('a session goes on', () => {
  test('after what makes bash itself crash at its next line', async ({ session }) => {
    await session.exec('y=1');
    for (const command of ['w=3\necho $(', 'echo <(', '[[ a ==', '[[ (']) {
      expect((await session.exec(command)).exitCode).toBe(2);
      expect((await session.exec('echo "$y$w"')).stdout).toBe('13\n');
    }
  });

  test('when its directory became a loop', async ({ session }) => {
    await session.exec('cd "$(mktemp -d)"; mkdir lp; cd lp');
    await session.exec('rmdir ../lp; ln -s lp ../lp; exit 3');
    expect((await session.exec('echo ok')).stdout).toBe('ok\n');
  });

  test('when it may open no more files, with a fresh shell', async ({ session }) => {
    await session.exec('v=1; ulimit -n 6');
    expect(await session.exec('echo $v')).toMatchObject({ stdout: '1\n', shellRestarted: true });
  });

  for (const poison of ['PROMPT_COMMAND=cat', "PS1='$(cat)'", 'trap cat DEBUG']) {
    test(`after ${poison}, which eats what the shell should read`, async ({ session }) => {
      await session.exec('v=1');
      const poisoned = await api('POST', `/sessions/${session.id}/exec`, { command: poison });
      expect([200, 410]).toContain(poisoned.status);
      expect((await session.exec('echo $v')).stdout).toBe('1\n');
    });
  }

  for (const { name, env } of [
    { name: 'which interrupted itself', env: undefined },
    { name: 'with a variable of its own, which interrupted itself', env: { A: 'call' } },
  ]) {
    test(`with all that a command made ${name}, also in the next shell`, async ({ session }) => {
      await session.exec('A=own');
      const broken = 'trap "n=run" DEBUG; x=1; f() { echo "$x"; }; kill -INT $$; x=2';
      expect((await session.exec(broken, env ? { env } : {})).exitCode).toBe(130);
      expect((await session.exec('kill -9 $$')).exitCode).toBe(137);
      // While a text is sourced bash hides that trap from it; it runs around it.
      expect(await inTurn(session, 'unset n', 'f; echo "$A $n"')).toBe('1\nown run\n');
    });
  }

  test('a shell in which sourcing was switched off is replaced, and the command runs once', async ({
    session,
  }) => {
    await inTurn(session, 'a=1', 'enable -n .');
    await session.exec('ran=${ran}x');
    expect((await session.exec('echo "$a $ran"')).stdout).toBe('1 x\n');
  });

  test('a shell that cannot list its functions any more loses none when it is killed', async ({
    session,
  }) => {
    await inTurn(session, 'f() { echo kept; }', 'enable -n compgen');
    await api('POST', `/sessions/${session.id}/exec`, { command: 'kill -9 $$' });
    expect((await session.exec('f')).stdout).toBe('kept\n');
  });

  test('a command that takes the reserved names away runs once', async ({ session }) => {
    await session.exec('f=$(mktemp)');
    await session.exec('echo x >> "$f"; for v in $(compgen -v __hf_); do unset "$v"; done');
    expect((await session.exec('cat "$f"')).stdout).toBe('x\n');
  });
});

test('the end of input is taken while the command has another stdin', async ({ session }) => {
  const id = `eof-${crypto.randomUUID()}`;
  const command = 'while read -r l; do sleep 1; done < <(seq 3); cat';
  const result = session.exec(command, { id, stdinOpen: true });
  const state = async () => (await api<CommandInfo>('GET', `/commands/${id}`)).body.state;
  await until(async () => (await state()) === 'running');
  expect((await api('POST', `/commands/${id}/stdin`, { data: 'hi', eof: true })).status).toBe(204);
  expect(await state()).toBe('running');
  expect((await result).stdout).toBe('hi');
});

test('an environment that no shell can be started with is refused', async () => {
  const answer = await api('POST', '/sessions', { env: { BIG: 'x'.repeat(200_000) } });
  expect(answer).toMatchObject({ status: 400, body: { error: { code: 'INVALID_REQUEST' } } });
});

// Processes: started in a copy of their session, told truly in the table, one for each id.
import { describe, expect } from 'vitest';
import { type CommandInfo, type ProcessInfo, ProcessList } from '#protocol';
import { api, expectError } from './harness/api.ts';
import { collect, replay } from './harness/events.ts';
import { startProcess, TestProcess } from './harness/process.ts';
import { createSession, test } from './harness/session.ts';
import { until } from './harness/until.ts';

const newId = () => `process-${crypto.randomUUID()}`;

test('a process is answered at once, runs beside its session, and ends with its exit code', async ({
  session,
}) => {
  const process = await startProcess(session, 'echo out; echo err >&2; read -r x; exit 7', {
    stdinOpen: true,
  });
  expect(await process.info()).toMatchObject({
    sessionId: session.id,
    command: 'echo out; echo err >&2; read -r x; exit 7',
    state: 'running',
    exitCode: null,
    endedAt: null,
  });
  expect((await session.exec('echo beside')).stdout).toBe('beside\n');
  await process.closeStdin();
  expect(await process.end()).toMatchObject({
    state: 'settled',
    exitCode: 7,
    signal: null,
    timedOut: false,
    stdoutBytes: 4,
    stderrBytes: 4,
  });
  const { stdout, stderr, exitCode } = await process.read();
  expect([stdout.toString(), stderr.toString(), exitCode]).toEqual(['out\n', 'err\n', 7]);
});

describe('a process starts as a copy of its session', () => {
  test('with its variables, arrays, functions, aliases, options, umask and cwd', async ({ session }) => {
    await session.exec(
      `cd /usr; x='a "b" $c'; export y=exported; list=(1 '2 3'); declare -A map=([k]=v)
f() { echo "f:$1"; }
alias hello='echo aliased'
shopt -s nullglob; set -f; umask 027`,
    );
    const { stdout, stderr } = await (
      await startProcess(
        session,
        `pwd; echo "$x"; bash -c 'echo $y'; echo "\${#list[@]} \${map[k]}"; f 1
hello; shopt nullglob; echo *; umask`,
      )
    ).read();
    expect(stderr.toString()).toBe('');
    expect(stdout.toString()).toBe(
      '/usr\na "b" $c\nexported\n2 v\nf:1\naliased\nnullglob       \ton\n*\n0027\n',
    );
  });

  test('and changes nothing of it', async ({ session }) => {
    await session.exec('x=1; cd /usr');
    await (await startProcess(session, 'x=2; cd /; set -e; unset -f f')).end();
    expect((await session.exec('echo $x $PWD $-')).stdout).toMatch(/^1 \/usr [^e]*\n$/);
  });

  test('also when the session redefined what starts it', async ({ session }) => {
    await session.exec('exec() { echo mine; }; trap() { echo mine; }; unset() { echo mine; }; set -x; PS4=');
    const { stdout, stderr } = await (await startProcess(session, 'echo out; echo err >&2')).read();
    expect(stdout.toString()).toBe('out\n');
    expect(stderr.toString()).toBe('echo out\necho err\nerr\n');
  });

  test('without waiting for a busy session, as it was before what runs there', async ({ session }) => {
    await session.exec('x=before; cd /usr');
    const id = newId();
    const busy = session.exec('x=during; cd /; echo begun; sleep 600', { id });
    await until(async () => (await api('GET', `/commands/${id}/output/stdout`)).body === 'begun\n');
    const { stdout } = await (await startProcess(session, 'echo $x $PWD')).read();
    expect(stdout.toString()).toBe('before /usr\n');
    await session.interrupt();
    expect(await busy).toMatchObject({ exitCode: 130 });
  });
});

describe('cwd and env', () => {
  test('of the call win over those of the session, and are not read by a shell', async ({
    session,
    folder,
  }) => {
    await session.exec('export x=session y=kept PATH; cd /usr');
    const odd = `'"; touch ${folder}/broken; $(touch ${folder}/broken) \`id\`\n`;
    const process = await startProcess(session, 'printf "%s|" "$PWD" "$x" "$y" "$odd"; ls', {
      cwd: folder,
      env: { x: 'call', odd },
    });
    expect((await process.read()).stdout.toString()).toBe(`${folder}|call|kept|${odd}|`);
    expect((await session.exec('echo $x $PWD')).stdout).toBe('session /usr\n');
  });

  test('a relative cwd is seen from the session’s', async ({ session }) => {
    await session.exec('cd /usr');
    expect((await (await startProcess(session, 'pwd', { cwd: 'bin' })).read()).stdout.toString()).toBe(
      '/usr/bin\n',
    );
  });

  test('a PATH without bash still starts one', async ({ session }) => {
    const process = await startProcess(session, 'echo $PATH; ls', { env: { PATH: '/nowhere' } });
    const { stdout, stderr, exitCode } = await process.read();
    expect([stdout.toString(), exitCode]).toEqual(['/nowhere\n', 127]);
    expect(stderr.toString()).toContain('ls');
  });

  test('a cwd that does not exist is an error at once, and leaves the id free', async ({ session }) => {
    const id = newId();
    const body = { command: 'echo ran', session: session.id, id };
    expectError(await api('POST', '/processes', { ...body, cwd: '/nowhere' }), 400, 'CWD_NOT_FOUND');
    expectError(await api('GET', `/processes/${id}`), 404, 'PROCESS_NOT_FOUND');
    const process = await startProcess(session, 'echo ran', { id });
    expect((await process.read()).stdout.toString()).toBe('ran\n');
  });

  test('a variable that the kernel does not take is refused, and leaves the id free', async ({ session }) => {
    const id = newId();
    const body = { command: 'echo ran', session: session.id, id };
    const answer = await api('POST', '/processes', { ...body, env: { x: 'x'.repeat(200_000) } });
    expectError(answer, 400, 'INVALID_REQUEST');
    expect((await (await startProcess(session, 'echo ran', { id })).read()).stdout.toString()).toBe('ran\n');
  });
});

describe('an id', () => {
  test('asked for many times at once runs once, and all get it', async ({ session, folder }) => {
    const body = { command: `echo ran >> ${folder}/runs; echo out`, session: session.id, id: newId() };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => api<ProcessInfo>('POST', '/processes', body)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(201));
    expect(new Set(answers.map((one) => one.body.pid)).size).toBe(1);
    await new TestProcess(answers[0]!.body).end();
    expect((await session.exec(`cat ${folder}/runs`)).stdout).toBe('ran\n');
    const again = await api<ProcessInfo>('POST', '/processes', body);
    expect(again).toMatchObject({ status: 201, body: { state: 'settled', exitCode: 0, stdoutBytes: 4 } });
  });

  test('is not taken by another request, of either kind', async ({ session }) => {
    const id = newId();
    await (await startProcess(session, 'echo one', { id })).end();
    for (const other of [
      { command: 'echo two' },
      { command: 'echo one', cwd: '/' },
      { command: 'echo one', env: { a: 'b' } },
    ])
      expectError(
        await api('POST', '/processes', { ...other, session: session.id, id }),
        409,
        'COMMAND_ID_CONFLICT',
      );
    expectError(
      await api('POST', `/sessions/${session.id}/exec`, { command: 'echo one', id }),
      409,
      'COMMAND_ID_CONFLICT',
    );
    expect((await api('GET', `/commands/${id}/output/stdout`)).body).toBe('one\n');
  });

  test('of a deleted process is never run again', async ({ session }) => {
    const process = await startProcess(session, 'sleep 600');
    expect((await process.delete()).status).toBe(204);
    expectError(await api('GET', `/processes/${process.id}`), 404, 'PROCESS_NOT_FOUND');
    expectError(await api('GET', `/processes/${process.id}/output`), 404, 'PROCESS_NOT_FOUND');
    expectError(await process.delete(), 404, 'PROCESS_NOT_FOUND');
    const body = { command: 'sleep 600', session: session.id, id: process.id };
    expectError(await api('POST', '/processes', body), 410, 'COMMAND_EXPIRED');
  });
});

test('what is asked of no process, or for no session, is a 404', async () => {
  expectError(
    await api('POST', '/processes', { command: 'true', session: 'nowhere' }),
    404,
    'SESSION_NOT_FOUND',
  );
  for (const [method, path] of [
    ['GET', ''],
    ['GET', '/output'],
    ['POST', '/stdin'],
    ['POST', '/terminate'],
    ['DELETE', ''],
  ] as const)
    expectError(await api(method, `/processes/nothing${path}`), 404, 'PROCESS_NOT_FOUND');
  expectError(await api('POST', '/processes/nothing/signal', { signal: 'TERM' }), 404, 'PROCESS_NOT_FOUND');
});

test('the table lists processes, newest first, and the commands’ table both kinds', async ({ session }) => {
  const foreground = await session.exec('true');
  const first = await startProcess(session, 'true');
  const second = await startProcess(session, 'sleep 600');
  await first.end();
  const { processes } = ProcessList.parse((await api('GET', '/processes')).body);
  const mine = processes.filter((one) => one.sessionId === session.id);
  expect(mine.map(({ id, state }) => [id, state])).toEqual([
    [second.id, 'running'],
    [first.id, 'settled'],
  ]);
  const { commands } = (await api<{ commands: CommandInfo[] }>('GET', '/commands')).body;
  const both = commands.filter((one) => one.sessionId === session.id).map(({ id, mode }) => [id, mode]);
  expect(both).toContainEqual([second.id, 'background']);
  expect(both).toContainEqual([first.id, 'background']);
  expect(both).toContainEqual([foreground.id, 'foreground']);
});

test('its events replay and follow to the end, also from a seq', async ({ session }) => {
  const process = await startProcess(session, 'echo one; read -r x; echo two >&2; exit 3', {
    stdinOpen: true,
  });
  await process.readUntil('one\n');
  const following = replay(process.id).then(collect);
  await process.closeStdin();
  const { start, stdout, stderr, end } = await following;
  expect(start).toMatchObject({ commandId: process.id, sessionId: session.id, mode: 'background' });
  expect([stdout.toString(), stderr.toString()]).toEqual(['one\n', 'two\n']);
  expect(end).toMatchObject({ type: 'exit', exitCode: 3, stdoutBytes: 4, stderrBytes: 4, lostBytes: 0 });
  const rest = await collect(await replay(process.id, 1));
  expect([rest.stdout.toString(), rest.stderr.toString()]).toEqual(['', 'two\n']);
});

test('an exit in the session, and a shell that is replaced, leave its processes alone', async ({
  session,
}) => {
  const process = await startProcess(session, 'read -r x; echo "got $x"; exit 4', { stdinOpen: true });
  expect(await session.exec('exit 3')).toMatchObject({ exitCode: 3, shellRestarted: true });
  expect(await session.exec('kill -9 $$')).toMatchObject({ exitCode: 137 });
  expect(await process.info()).toMatchObject({ state: 'running' });
  await process.write('line\n');
  expect(await process.end()).toMatchObject({ state: 'settled', exitCode: 4 });
});

test('a deleted session ends its processes, and the table says how', async () => {
  const session = await createSession();
  const kept = await startProcess(session, 'echo done; exit 5');
  await kept.end();
  const running = await startProcess(session, 'echo begun; sleep 600');
  await running.readUntil('begun\n');
  await session.delete();
  expect(await running.info()).toMatchObject({ state: 'settled', exitCode: 137, signal: 'SIGKILL' });
  expect(await kept.info()).toMatchObject({ state: 'settled', exitCode: 5, signal: null });
  expect((await running.read()).stdout.toString()).toBe('begun\n');
});

test('a daemon that holds the output delays only settled', async ({ session }) => {
  const process = await startProcess(session, '(sleep 600 & echo child); exit 6');
  const exited = await until(async () => {
    const info = await process.info();
    return info.state === 'exited' && info;
  });
  expect(exited).toMatchObject({ exitCode: 6 });
  expect(await process.page()).toMatchObject({ exitCode: 6, alive: true, chunks: [{ data: 'child\n' }] });
  expect(await process.terminate()).toMatchObject({ state: 'settled', exitCode: 6, signal: null });
  expect(await process.page()).toMatchObject({ alive: false });
});

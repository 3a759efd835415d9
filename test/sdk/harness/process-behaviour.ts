// What a process is for its user, the same over every way to it: these tests run against an engine and a Worker.
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { errorCode, type HoldfastError, type Process, type Sandbox } from '../../../sdk/index.ts';
import { collect, rejection } from './collect.ts';

/** A process that is ended with its test. */
async function started(sandbox: Sandbox, command: string, options = {}): Promise<Process> {
  const process = await sandbox.startProcess(command, options);
  onTestFinished(async () => void (await process.kill({ graceMs: 0 }).catch(() => {})));
  return process;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const textOf = (chunks: { data?: string }[]) => chunks.map(({ data }) => data).join('');

export function processBehaviour(sandbox: () => Sandbox): void {
  test('a dev server is started, waited for by port and by output, used, found again and ended', async () => {
    const port = await freePort();
    const server = await started(sandbox(), `cd /tmp; exec python3 -u -m http.server ${port}`, { id: 'dev' });
    expect(server.pid).toBeGreaterThan(1);
    const { groups, nextSeq } = await server.waitForOutput(/Serving HTTP on (\S+) port (\d+)/, {
      timeoutMs: 20_000,
    });
    expect(groups[1]).toBe(String(port));
    await server.waitForPort(port, { timeoutMs: 20_000 });
    await server.waitForPort(port, { mode: 'http', path: '/', status: 200, timeoutMs: 20_000 });
    await server.waitForPort(port, { mode: 'http', path: '/none', status: [404], timeoutMs: 20_000 });
    const used = await sandbox().exec(
      `exec 3<>/dev/tcp/127.0.0.1/${port}; printf 'GET /used HTTP/1.0\\r\\n\\r\\n' >&3; head -1 <&3`,
    );
    expect(used.stdout).toContain('404');
    await server.waitForOutput('"GET /used HTTP/1.0" 404', { since: nextSeq, timeoutMs: 20_000 });
    const again = await sandbox().getProcess('dev');
    expect(again.pid).toBe(server.pid);
    expect((await sandbox().listProcesses()).find(({ id }) => id === 'dev')).toMatchObject({
      state: 'running',
    });
    expect(await again.kill()).toMatchObject({ state: 'settled', exitCode: 143, signal: 'SIGTERM' });
    expect(await server.waitForExit()).toMatchObject({ exitCode: 143 });
    await server.delete();
    expect(errorCode(await rejection(server.info()))).toBe('PROCESS_NOT_FOUND');
  });

  test('python3 -i holds a conversation', async () => {
    const python = await started(sandbox(), 'python3 -i', { stdinOpen: true });
    let { nextSeq } = await python.waitForOutput('>>> ', { timeoutMs: 20_000 });
    await python.write('x = 6\n');
    ({ nextSeq } = await python.waitForOutput('>>> ', { since: nextSeq, timeoutMs: 20_000 }));
    await python.write('print("answer", x * 7)\n');
    const answer = await python.waitForOutput(/^answer (?<number>\d+)\n/m, { timeoutMs: 20_000 });
    expect(answer).toMatchObject({ stream: 'stdout', text: 'answer 42\n', groups: ['42'] });
    await python.closeStdin();
    expect(await python.waitForExit({ timeoutMs: 20_000 })).toMatchObject({ exitCode: 0 });
    expect(errorCode(await rejection(python.write('late\n')))).toBe('STDIN_CLOSED');
  });

  test('what is waited for may come in pieces, on either stream, and reading goes on behind it', async () => {
    const pieces = await started(
      sandbox(),
      'printf "he"; read; printf "llo" >&2; read; printf "llo\\nwor"; read; echo "ld"; cat',
      { stdinOpen: true },
    );
    await pieces.waitForOutput('he', { timeoutMs: 20_000 });
    await pieces.write('\n');
    expect(await pieces.waitForOutput('llo', { timeoutMs: 20_000 })).toMatchObject({ stream: 'stderr' });
    await pieces.write('\n');
    const hello = await pieces.waitForOutput('hello\n', { timeoutMs: 20_000 });
    expect(hello.stream).toBe('stdout');
    await pieces.write('\n');
    expect(await pieces.waitForOutput(/w.r\w+/, { since: hello.nextSeq, timeoutMs: 20_000 })).toMatchObject({
      text: expect.stringMatching(/^wor/),
    });
    const { text } = await pieces.waitForOutput(/(?<=\n)WORLD\n/i, { timeoutMs: 20_000 });
    expect(text).toBe('world\n');
    const page = await pieces.output({ since: hello.nextSeq });
    expect(textOf(page.chunks)).toBe('world\n');
  });

  test('a needle at the end of much output is found, and its line is where reading goes on', async () => {
    const much = await started(sandbox(), 'seq 1 300000; echo needle; echo behind; cat', { stdinOpen: true });
    for (const wanted of ['\nneedle\n', /^needle$/m]) {
      const { nextSeq } = await much.waitForOutput(wanted, { timeoutMs: 30_000 });
      await much.waitForOutput('behind', { since: nextSeq, timeoutMs: 20_000 });
      expect(textOf((await much.output({ since: nextSeq })).chunks)).toBe('behind\n');
    }
  });

  test('a process that ends first ends each wait early, and the error says how it ended', async () => {
    const port = await freePort();
    const failing = await started(sandbox(), 'read; echo bad luck >&2; exit 3', { stdinOpen: true });
    const waits = [
      rejection(failing.waitForOutput('ready')),
      rejection(failing.waitForOutput(/ready/)),
      rejection(failing.waitForPort(port)),
      rejection(failing.waitForPort(port, { mode: 'http' })),
    ];
    await failing.write('\n');
    for (const thrown of await Promise.all(waits)) {
      expect(errorCode(thrown)).toBe('PROCESS_EXITED');
      expect((thrown as Error).message).toContain('exit code 3');
      expect((thrown as HoldfastError).details).toMatchObject({ process: { id: failing.id, exitCode: 3 } });
    }
    expect(await failing.waitForExit()).toMatchObject({ exitCode: 3, state: 'settled' });
    // What it said before it ended is still found.
    expect(await failing.waitForOutput('bad luck')).toMatchObject({ stream: 'stderr' });
  });

  test('a wait that times out says so and kills nothing', async () => {
    const port = await freePort();
    const silent = await started(sandbox(), 'cat', { stdinOpen: true });
    const timedOut = await Promise.all([
      rejection(silent.waitForOutput('ready', { timeoutMs: 300 })),
      rejection(silent.waitForPort(port, { timeoutMs: 300 })),
      rejection(silent.waitForExit({ timeoutMs: 300 })),
      rejection(silent.waitForExit({ timeoutMs: 0 })),
    ]);
    expect(timedOut.map(errorCode)).toEqual(Array(4).fill('WAIT_TIMEOUT'));
    expect((timedOut[0] as Error).message).toBe(
      `ready in the output did not come within 300 ms; process ${silent.id} was left as it is`,
    );
    const leaving = new AbortController();
    const left = rejection(silent.waitForOutput('ready', { signal: leaving.signal }));
    leaving.abort(new Error('enough'));
    expect((await left) as Error).toMatchObject({ message: 'enough' });
    await silent.write('still here\n');
    await silent.waitForOutput('still here', { timeoutMs: 20_000 });
    expect(await silent.info()).toMatchObject({ state: 'running', exitCode: null });
  });

  test('a pattern that backtracks without end is refused, and the sandbox goes on', async () => {
    const trap = await started(sandbox(), `printf '%040d!' 0 | tr 0 a; cat`, { stdinOpen: true });
    await trap.waitForOutput('!', { timeoutMs: 20_000 });
    expect(errorCode(await rejection(trap.waitForOutput(/(a+)+$/)))).toBe('INVALID_REQUEST');
    expect((await sandbox().exec('echo ok')).stdout).toBe('ok\n');
  });

  test('its events stream while it runs, and its output comes in pages', async () => {
    const session = await sandbox().createSession({ env: { NAME: 'world' } });
    await session.exec('greet() { echo "hello $1"; }');
    const greeter = await session.startProcess('greet $NAME; read; greet again; exit 4', { stdinOpen: true });
    const types: string[] = [];
    for await (const event of greeter.stream()) {
      types.push(event.type);
      if (types.length === 2) await greeter.write('\n');
      if (event.type === 'exit') expect(event).toMatchObject({ exitCode: 4, stdoutBytes: 24 });
    }
    expect(types).toEqual(['start', 'stdout', 'stdout', 'exit']);
    const first = await greeter.output({ maxBytes: 1 });
    expect(first).toMatchObject({ chunks: [{ stream: 'stdout', data: 'hello world\n' }], truncated: true });
    const rest = await greeter.output({ since: first.nextSeq, waitMs: 1000 });
    expect(rest).toMatchObject({ chunks: [{ data: 'hello again\n' }], exitCode: 4, alive: false });
    const replay = await collect(greeter.stream({ after: first.nextSeq }));
    expect(replay.map(({ type }) => type)).toEqual(['stdout', 'exit']);
  });

  test('the signal that was asked for is the one that is sent', async () => {
    const trapping = await started(
      sandbox(),
      `trap 'echo got usr1' USR1; echo ready; while :; do sleep 0.02; done`,
    );
    await trapping.waitForOutput('ready', { timeoutMs: 20_000 });
    await trapping.signal('USR1');
    await trapping.waitForOutput('got usr1', { timeoutMs: 20_000 });
    expect(await trapping.kill({ graceMs: 100 })).toMatchObject({ state: 'settled' });
  });

  test('a run that yields goes on, and is read page by page to its end', async () => {
    const session = await sandbox().createSession();
    const run = await session.exec('echo one; read; echo two; exit 5', { yieldMs: 250, stdinOpen: true });
    if (!run.yielded) throw new Error('it ended');
    expect(run).toMatchObject({ state: 'running', stdout: 'one\n' });
    const waiting = sandbox().commandPage(run.id, { since: run.nextSeq, waitMs: 20_000 });
    await session.writeStdin(run.id, '\n');
    let page = await waiting;
    let text = textOf(page.chunks);
    while (page.alive) {
      page = await sandbox().commandPage(run.id, { since: page.nextSeq, waitMs: 20_000 });
      text += textOf(page.chunks);
    }
    expect(text).toBe('two\n');
    expect(page.exitCode).toBe(5);
    const ended = await session.exec('echo quick', { yieldMs: 20_000 });
    expect(ended).toMatchObject({ yielded: false, exitCode: 0, stdout: 'quick\n' });
  });

  test('maxOutputBytes keeps head and tail and says how much is left out', async () => {
    const result = await sandbox().exec('seq 1 10000', { maxOutputBytes: 200 });
    expect(result.truncated).toBe(true);
    expect(result.stdout.startsWith('1\n2\n')).toBe(true);
    expect(result.stdout.endsWith('10000\n')).toBe(true);
    const page = await sandbox().commandPage(result.id, { maxOutputBytes: 200 });
    const kept = page.chunks.reduce((sum, { data = '' }) => sum + data.length, 0);
    expect(kept + page.omittedBytes!).toBe(result.stdoutBytes);
    expect(page.alive).toBe(false);
  });
}

// The client and a real engine, with connections that are torn on the way.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type CommandEvent,
  connectEngine,
  errorCode,
  eventBytes,
  type RetryPolicy,
  type Sandbox,
} from '../../sdk/index.ts';
import { startEngine } from '../e2e/harness/start-engine.ts';
import { until } from '../e2e/harness/until.ts';
import { collect, rejection } from './harness/collect.ts';
import { cuttingProxy } from './harness/cutting-proxy.ts';
import { fileBehaviour } from './harness/file-behaviour.ts';
import { gitBehaviour } from './harness/git-behaviour.ts';
import { portBehaviour } from './harness/port-behaviour.ts';
import { impatient } from './harness/retry.ts';

let engine: Awaited<ReturnType<typeof startEngine>>;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine?.stop());

/** The engine's sandbox, directly or over another address. */
function sandbox(url = engine.target.url, retry?: Partial<RetryPolicy>): Sandbox {
  const token = engine.target.headers.authorization!.replace('Bearer ', '');
  return connectEngine(url, retry ? { token, retry } : { token });
}

function bytesOf(events: CommandEvent[], type: 'stdout' | 'stderr'): Buffer {
  const output = events.filter((event) => 'seq' in event);
  return Buffer.concat(output.filter((event) => event.type === type).map(eventBytes));
}

/** Tears the first connections after `bytes`, growing, so that some progress is always made. */
const tearing = (bytes: number, times: number) =>
  cuttingProxy(engine.target.url, (nth) => (nth < times ? bytes * (nth + 1) : undefined));

test('state stays from command to command, and a non-zero exit is a result', async () => {
  await sandbox().exec('cd /tmp; greet() { echo "hello $1"; }; name=world');
  const { stdout, stderr, exitCode, cwd } = await sandbox().exec('greet $name; echo oh >&2; (exit 7)');
  expect({ stdout, stderr, exitCode, cwd }).toEqual({
    stdout: 'hello world\n',
    stderr: 'oh\n',
    exitCode: 7,
    cwd: '/tmp',
  });
});

test('a session of its own is made, found, listed, used and deleted', async () => {
  const session = await sandbox().createSession({ cwd: '/', env: { GREETING: 'hi' } });
  expect((await session.exec('echo $GREETING; pwd')).stdout).toBe('hi\n/\n');
  expect(await sandbox().getSession(session.id)).toMatchObject({
    id: session.id,
    cwd: '/',
    runningCommand: null,
  });
  expect((await sandbox().listSessions()).map(({ id }) => id)).toContain(session.id);
  await sandbox().deleteSession(session.id);
  expect(errorCode(await rejection(session.exec('true')))).toBe('SESSION_NOT_FOUND');
});

test('events stream while the command runs', async () => {
  const session = await sandbox().createSession();
  const stream = session.execStream('echo one; read line; echo "got $line"; exit 3', {
    id: 'live',
    stdinOpen: true,
  });
  const seen: CommandEvent[] = [];
  for await (const event of stream) {
    seen.push(event);
    if (event.type === 'stdout' && seen.length === 2) await session.writeStdin('live', 'two\n');
  }
  expect(seen[0]).toMatchObject({ type: 'start', commandId: 'live', sessionId: session.id });
  expect(bytesOf(seen, 'stdout').toString()).toBe('one\ngot two\n');
  expect(seen.at(-1)).toMatchObject({ type: 'exit', exitCode: 3 });
  expect(await sandbox().getCommand('live')).toMatchObject({ state: 'exited', exitCode: 3 });
  expect((await sandbox().listCommands()).map(({ id }) => id)).toContain('live');
});

test('any bytes of stdin come back, given with the call or written later', async () => {
  const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7) % 256);
  const session = await sandbox().createSession();
  const given = await session.exec('cat', { stdin: bytes });
  expect(Buffer.from(given.stdoutBase64!, 'base64').equals(bytes)).toBe(true);
  const running = session.exec('cat', { id: 'later', stdinOpen: true });
  // The write may overtake the exec, which the engine then does not know yet.
  await until(async () => {
    const failed = await session.writeStdin('later', bytes, { eof: true }).catch((error) => error);
    return errorCode(failed) !== 'COMMAND_NOT_FOUND';
  });
  expect(Buffer.from((await running).stdoutBase64!, 'base64').equals(bytes)).toBe(true);
});

test('an interrupt ends the command with 130 and leaves the session as it was', async () => {
  const session = await sandbox().createSession();
  await session.exec('kept=yes');
  const stream = session.execStream('sleep 60');
  await stream.next();
  const { commandId } = await session.interrupt();
  const [exit] = await collect(stream);
  expect(exit).toMatchObject({ type: 'exit', exitCode: 130, interrupted: true });
  expect((await sandbox().getCommand(commandId!)).interrupted).toBe(true);
  expect((await session.exec('echo $kept')).stdout).toBe('yes\n');
  expect(await session.interrupt()).toEqual({ commandId: null });
});

test('a signal reaches what the command started', async () => {
  const session = await sandbox().createSession();
  const stream = session.execStream('echo ready; sleep 60', { id: 'signalled' });
  while ((await stream.next()).value?.type !== 'stdout');
  // Sent before the shell started sleep it finds nobody, so it is sent until it is felt.
  await until(async () => {
    await session.signal('signalled', 'TERM');
    return (await sandbox().getCommand('signalled')).state === 'exited';
  });
  const [exit] = await collect(stream);
  expect(exit).toMatchObject({ type: 'exit', exitCode: 143 });
});

test('a long output over connections that are torn ten times is the output', async () => {
  // Ten times so much is far from the whole, so every one of the ten is torn.
  const { url, connections } = await tearing(20_000, 10);
  const session = await sandbox().createSession();
  const events = await collect(
    sandbox(url, impatient())
      .session(session.id)
      .execStream('seq 1 200000; seq 1 2000 >&2; printf "\\377\\0end"; exit 4'),
  );
  const numbers = (to: number) => Buffer.from(Array.from({ length: to }, (_, i) => `${i + 1}\n`).join(''));
  const tail = Buffer.from([255, 0, ...Buffer.from('end')]);
  expect(bytesOf(events, 'stdout').equals(Buffer.concat([numbers(200_000), tail]))).toBe(true);
  expect(bytesOf(events, 'stderr').equals(numbers(2000))).toBe(true);
  expect(events.at(-1)).toMatchObject({ type: 'exit', exitCode: 4, lostBytes: 0 });
  expect(connections()).toBeGreaterThan(10);
});

test('wherever connections to the engine are torn, the bytes of both streams are those of an uncut run', async () => {
  const command =
    'for i in {1..300}; do echo "line $i é🐚"; echo "err $i" >&2; printf "\\xff\\x00"; done; printf end';
  const session = await sandbox().createSession();
  const uncut = await collect(session.execStream(command));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(30_000), { maxLength: 6 }), async (cuts) => {
      const { url } = await cuttingProxy(engine.target.url, (nth) => cuts[nth]);
      const events = await collect(sandbox(url, impatient()).session(session.id).execStream(command));
      for (const type of ['stdout', 'stderr'] as const)
        expect(bytesOf(events, type)).toEqual(bytesOf(uncut, type));
      expect(events.at(-1)).toMatchObject({ type: 'exit', exitCode: 0 });
    }),
    { numRuns: 40 },
  );
});

test('an exec whose answer is torn runs once and gives its result', async () => {
  const { url } = await tearing(60, 3);
  const session = await sandbox().createSession();
  const torn = sandbox(url, impatient()).session(session.id);
  const { stdout } = await torn.exec('count=$((count + 1)); seq 1 3000; echo "run $count"');
  expect(stdout.endsWith('3000\nrun 1\n')).toBe(true);
  expect((await session.exec('echo $count')).stdout).toBe('1\n');
});

test('what a result leaves out is in the raw output', async () => {
  const session = await sandbox().createSession();
  const result = await session.exec('head -c 9000000 /dev/zero | tr "\\0" x');
  expect(result.truncated).toBe(true);
  const whole = await new Response(await sandbox().commandOutput(result.id, 'stdout')).text();
  expect(whole).toBe('x'.repeat(9_000_000));
  expect(await new Response(await sandbox().commandOutput(result.id, 'stderr')).text()).toBe('');
});

test('leaving a command without grace interrupts it', async () => {
  const session = await sandbox().createSession();
  for await (const _ of session.execStream('sleep 60', { id: 'left', disconnectGraceMs: 0 })) break;
  const ended = await until(async () => {
    const command = await sandbox().getCommand('left');
    return command.state === 'exited' && command;
  });
  expect(ended).toMatchObject({ exitCode: 130, interrupted: true });
  expect((await session.exec('echo ok')).stdout).toBe('ok\n');
});

test("the engine's refusals come with their codes", async () => {
  const codes = await Promise.all(
    [
      sandbox().exec('true', { cwd: '/nowhere' }),
      sandbox().session('none').exec('true'),
      sandbox().getCommand('none'),
      sandbox().createSession({ id: 'default' }),
      sandbox().exec('x', { nonsense: 1 } as object),
      sandbox().session('default').writeStdin('none', 'x'),
      connectEngine(engine.target.url, { token: 'wrong' }).listSessions(),
      collect(sandbox().execStream('true', { cwd: '/nowhere' })),
      collect(sandbox().commandEvents('none')),
      sandbox().commandOutput('none', 'stdout'),
    ].map(async (call) => errorCode(await rejection(call))),
  );
  expect(codes).toEqual([
    'CWD_NOT_FOUND',
    'SESSION_NOT_FOUND',
    'COMMAND_NOT_FOUND',
    'SESSION_EXISTS',
    'INVALID_REQUEST',
    'COMMAND_NOT_FOUND',
    'UNAUTHORIZED',
    'CWD_NOT_FOUND',
    'COMMAND_NOT_FOUND',
    'COMMAND_NOT_FOUND',
  ]);
});

fileBehaviour(() => sandbox());

portBehaviour(() => sandbox());

gitBehaviour(() => sandbox());

test('a file that a torn connection cut is read again, a write that was torn is made again', async () => {
  const { url } = await tearing(100_000, 3);
  const torn = sandbox(url, impatient());
  const content = 'x'.repeat(3_000_000);
  const folder = (await sandbox().exec('mktemp -d')).stdout.trim();
  await torn.writeFile(`${folder}/f`, content);
  expect((await torn.readFile(`${folder}/f`)).content === content).toBe(true);
  await sandbox().deleteFile(folder, { recursive: true });
});

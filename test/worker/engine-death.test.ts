import { expect, test } from 'vitest';
import { decodeEvents, type ExecResult } from '#protocol';
import { newSandbox } from './harness/api.ts';
import { info, sessions, type TestSandbox } from './harness/generations.ts';
import { until } from './harness/until.ts';

const SSE = { accept: 'text/event-stream' };
const LINES = 100_000;
const ALL = Array.from({ length: LINES }, (_, i) => `${i + 1}\n`).join('');
const COUNT = `for i in $(seq 1 ${LINES}); do echo $i; done`;

/** The engine is what started the first shell of a session. */
const enginePid = async (sandbox: TestSandbox) => (await sandbox.exec('echo $PPID')).stdout.trim();

test('an engine that is killed is not missed: streams, results and processes come whole, and nothing runs twice', async () => {
  const sandbox = newSandbox();
  const engine = await enginePid(sandbox);
  for (const id of ['killer', 'counts', 'waits', 'idle']) {
    expect((await sandbox.call('/sessions', { body: { id } })).status).toBe(201);
  }
  await sandbox.exec('x=41', {}, 'idle');
  const stream = await sandbox.call('/sessions/counts/exec', { body: { command: COUNT }, headers: SSE });
  const waiting = sandbox.call('/sessions/waits/exec', {
    body: { command: `n=$((n + 1)); ${COUNT}; echo $n >&2` },
  });
  await sandbox.call('/processes', { body: { command: COUNT, id: 'background' } });
  const background = await sandbox.call('/commands/background/events');
  const repl = { command: 'while read -r line; do echo "got $line"; done', id: 'repl', stdinOpen: true };
  await sandbox.call('/processes', { body: repl });
  // The killer's own answer is cut off as well.
  const killer = await sandbox.exec(`kill -9 ${engine}; echo killed`, { id: 'kill' }, 'killer');
  expect(killer.stdout).toBe('killed\n');

  for (const answer of [stream, background]) {
    let output = '';
    let last: unknown;
    for await (const event of decodeEvents(answer.body!)) {
      if (event.type === 'stdout' && 'data' in event) output += event.data;
      last = event;
    }
    expect(output === ALL).toBe(true);
    expect(last).toMatchObject({ type: 'exit', exitCode: 0, stdoutBytes: ALL.length, lostBytes: 0 });
  }
  const result = await (await waiting).json<ExecResult>();
  expect(result.stdout === ALL).toBe(true);
  expect(result).toMatchObject({ exitCode: 0, stderr: '1\n' });
  expect((await sandbox.exec('echo $x', {}, 'idle')).stdout).toBe('41\n');
  const text = { 'content-type': 'text/plain' };
  expect((await sandbox.call('/processes/repl/stdin', { body: 'hej\n', headers: text })).status).toBe(204);
  const answered = await sandbox.call('/processes/repl/wait', { body: { for: 'output', text: 'got hej' } });
  expect(await answered.json()).toMatchObject({ met: true });
  expect((await sessions(sandbox)).map(({ id }) => id).sort()).toEqual([
    'counts',
    'default',
    'idle',
    'killer',
    'waits',
  ]);
  expect((await info(sandbox)).generation).toBe(1);
}, 60_000);

test('calls that come while the engine is away wait for it', async () => {
  const sandbox = newSandbox();
  const engine = await enginePid(sandbox);
  await sandbox.call('/sessions', { body: { id: 'killer' } });
  await sandbox.exec('n=0');
  const killing = sandbox.exec(`kill -9 ${engine}`, {}, 'killer');
  const calls = Array.from({ length: 10 }, () => sandbox.exec('echo $((++n))'));
  const outputs = await Promise.all(calls.map(async (call) => (await call).stdout));
  expect(outputs.map(Number).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  await killing;
  // What the new engine tells is in the history like what the old one told.
  await until('all is told', async () => {
    const { commands } = await (await sandbox.call('/commands')).json<{ commands: { state: string }[] }>();
    return commands.length >= 13 && commands.every(({ state }) => state === 'exited');
  });
  expect((await info(sandbox)).generation).toBe(1);
}, 60_000);

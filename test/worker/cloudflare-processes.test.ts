// Processes under the names of `@cloudflare/sandbox`, in workerd, on a real engine.
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { errorCode, getSandbox, type LogEvent, parseSSEStream } from '../../cloudflare/index.ts';
import source from '../e2e/fixtures/port-server.mjs?raw';
import { collect } from '../sdk/harness/collect.ts';

const codeOf = (call: Promise<unknown>) => call.then(() => undefined, errorCode);

test('a process is started, listed, found, and its status told', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'cf-processes');
  const sleeping = await sandbox.startProcess('sleep 60', { processId: 'sleeper', cwd: '/tmp' });
  expect(sleeping).toMatchObject({ id: 'sleeper', command: 'sleep 60', status: 'running' });
  expect(sleeping).toMatchObject({ pid: expect.any(Number), sessionId: 'default' });
  expect(sleeping.startTime).toBeInstanceOf(Date);
  expect(JSON.parse(JSON.stringify(sleeping))).toMatchObject({ id: 'sleeper', status: 'running' });
  expect((await sandbox.listProcesses()).map(({ id }) => id)).toEqual(['sleeper']);
  expect(await (await sandbox.getProcess('sleeper'))?.getStatus()).toBe('running');
  expect(await sandbox.getProcess('nobody')).toBeNull();
  const fine = await sandbox.startProcess('true');
  expect(await fine.waitForExit()).toEqual({ exitCode: 0 });
  expect(await fine.getStatus()).toBe('completed');
  const failed = await sandbox.startProcess('exit 7');
  expect(await failed.waitForExit(10_000)).toEqual({ exitCode: 7 });
  expect(await failed.getStatus()).toBe('failed');
  expect(await codeOf(sleeping.waitForExit(100))).toBe('WAIT_TIMEOUT');
  await sleeping.kill();
  expect(await sandbox.getProcess('sleeper')).toMatchObject({ status: 'killed', exitCode: 143 });
  expect((await sandbox.getProcess('sleeper'))?.endTime).toBeInstanceOf(Date);
  expect(await sandbox.cleanupCompletedProcesses()).toBe(3);
  expect(await sandbox.listProcesses()).toEqual([]);
  await sandbox.destroy();
});

test('a process is killed with the signal that was asked for, or all of them', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'cf-kill');
  const trapping = `trap 'echo heard; exit 5' HUP; echo ready; while :; do sleep 0.05; done`;
  const process = await sandbox.startProcess(trapping);
  await process.waitForLog('ready');
  await sandbox.killProcess(process.id, 'SIGHUP');
  expect(await process.waitForExit()).toEqual({ exitCode: 5 });
  expect((await process.getLogs()).stdout).toBe('ready\nheard\n');
  const one = await sandbox.startProcess('sleep 60');
  await sandbox.killProcess(one.id);
  expect(await one.getStatus()).toBe('killed');
  for (const _ of [1, 2]) await sandbox.startProcess('sleep 60');
  expect(await sandbox.killAllProcesses()).toBe(2);
  expect(await sandbox.killAllProcesses()).toBe(0);
  expect(await codeOf(sandbox.killProcess('nobody'))).toBe('PROCESS_NOT_FOUND');
  await sandbox.destroy();
});

test('logs are read whole and streamed', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'cf-logs');
  const { id } = await sandbox.startProcess('echo out; echo err >&2; sleep 0.2; echo late; exit 2');
  const events = await collect(parseSSEStream<LogEvent>(await sandbox.streamProcessLogs(id)));
  const out = events.filter(({ type }) => type === 'stdout').map(({ data }) => data);
  expect(out.join('')).toBe('out\nlate\n');
  expect(events.at(-1)).toMatchObject({ type: 'exit', exitCode: 2, processId: id, sessionId: 'default' });
  expect(await sandbox.getProcessLogs(id)).toEqual({
    stdout: 'out\nlate\n',
    stderr: 'err\n',
    processId: id,
  });
  const leaving = new AbortController();
  const going = await sandbox.startProcess('echo begun; sleep 60');
  const stream = await sandbox.streamProcessLogs(going.id, { signal: leaving.signal });
  const reading = collect(parseSSEStream<LogEvent>(stream));
  leaving.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
  expect(await going.getStatus()).toBe('running');
  expect(await codeOf(sandbox.streamProcessLogs('nobody'))).toBe('PROCESS_NOT_FOUND');
  await sandbox.destroy();
});

test('callbacks hear the start, the output and the exit', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'cf-heard');
  const heard: unknown[] = [];
  await sandbox.startProcess('echo out; exit 3', {
    processId: 'heard',
    onStart: ({ id }) => heard.push(id),
    onOutput: (stream, data) => heard.push([stream, data]),
    onExit: (code) => heard.push(code),
  });
  await expect.poll(() => heard).toEqual(['heard', ['stdout', 'out\n'], 3]);
  await sandbox.destroy();
});

test('a line and a port are waited for', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'cf-waits');
  await sandbox.writeFile('/tmp/cf-waits.mjs', source);
  const server = await sandbox.startProcess('node /tmp/cf-waits.mjs');
  const { line, match } = await server.waitForLog(/listening (\d+)/, 10_000);
  const port = Number(match?.[1]);
  expect(line).toContain(`listening ${port}`);
  await server.waitForPort(port, { mode: 'tcp', timeout: 10_000 });
  await server.waitForPort(port, { path: '/', status: { min: 100, max: 599 }, timeout: 10_000 });
  expect(await codeOf(server.waitForPort(port, { path: '/', status: 599, timeout: 200 }))).toBe(
    'WAIT_TIMEOUT',
  );
  expect(await codeOf(server.waitForLog('never', 100))).toBe('WAIT_TIMEOUT');
  await server.kill();
  const lines = await sandbox.startProcess('echo "first (a) line"; echo "the second [b] line"; sleep 60');
  expect(await lines.waitForLog('[b]')).toEqual({ line: 'the second [b] line' });
  expect((await lines.waitForLog(/^first (\S+)/)).match?.slice(1)).toEqual(['(a)']);
  await lines.kill();
  expect(await codeOf(lines.waitForLog('never'))).toBe('PROCESS_EXITED');
  await sandbox.deleteFile('/tmp/cf-waits.mjs');
  await sandbox.destroy();
});

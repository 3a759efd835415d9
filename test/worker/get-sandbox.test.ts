// A Worker that embeds the Durable Object class and uses the SDK on it, without HTTP and key.
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { errorCode, getSandbox } from '../../sdk/index.ts';
import { fileBehaviour } from '../sdk/harness/file-behaviour.ts';
import { gitBehaviour } from '../sdk/harness/git-behaviour.ts';
import { terminalBehaviour } from '../sdk/harness/terminal-behaviour.ts';
import { Viewer } from './harness/viewer.ts';

test('commands run in the sandbox of that name, and their state stays', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'embedded');
  await sandbox.exec('cd /tmp; word=hello');
  const { stdout, exitCode } = await getSandbox(env.SANDBOX, 'embedded').exec(
    'echo $word from $PWD; (exit 7)',
  );
  expect({ stdout, exitCode }).toEqual({ stdout: 'hello from /tmp\n', exitCode: 7 });
  expect(await sandbox.info()).toMatchObject({ name: 'embedded', state: 'running' });
  await sandbox.destroy();
});

test('a command streams out of the Durable Object', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'streaming');
  const types: string[] = [];
  for await (const { type } of sandbox.execStream('echo out; echo err >&2')) types.push(type);
  expect(types[0]).toBe('start');
  expect(types.slice(1, -1).sort()).toEqual(['stderr', 'stdout']);
  expect(types.at(-1)).toBe('exit');
  await sandbox.destroy();
});

test('leaving a command interrupts it after its grace', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'leaving');
  const leaving = new AbortController();
  const { signal } = leaving;
  const stream = sandbox.execStream('sleep 60', { id: 'left', disconnectGraceMs: 0, signal });
  await stream.next();
  leaving.abort(new Error('enough'));
  await expect(stream.next()).rejects.toThrow('enough');
  const exitCode = async () => (await sandbox.getCommand('left')).exitCode;
  await expect.poll(exitCode, { timeout: 10_000 }).toBe(130);
  await sandbox.destroy();
});

test('errors of the engine cross the Durable Object with their codes', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'refusing');
  const thrown = await sandbox.exec('true', { cwd: '/nowhere' }).catch((error: unknown) => error);
  expect(errorCode(thrown)).toBe('CWD_NOT_FOUND');
  await sandbox.destroy();
});

fileBehaviour(() => getSandbox(env.SANDBOX, 'with-files'));

gitBehaviour(() => getSandbox(env.SANDBOX, 'with-git'));
terminalBehaviour(() => getSandbox(env.SANDBOX, 'with-terminals'));

test('a Worker connects the WebSocket of its own user, and the terminal is made on the way', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'upgrading');
  const request = () => new Request('https://site.test/shell', { headers: { upgrade: 'websocket' } });
  const options = { id: 'shell', cols: 70, rows: 20, shell: 'sh' };
  const response = await sandbox.terminals.upgrade(request(), options);
  expect(response.status).toBe(101);
  const viewer = new Viewer(response.webSocket!);
  viewer.type('echo $0, $(stty size)\r');
  await viewer.sees('sh, 20 70');
  const again = new Viewer((await sandbox.terminals.upgrade(request(), options)).webSocket!);
  await again.sees('sh, 20 70');
  expect(await sandbox.terminals.get('shell')).toMatchObject({ viewers: 2, cols: 70 });
  const refused = await sandbox.terminals.upgrade(request(), { session: 'nobody' });
  expect(refused.status).toBe(404);
  await sandbox.destroy();
});

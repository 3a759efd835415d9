// What is the sandbox's own under the names of `@cloudflare/sandbox`: settings, ports, terminals, its end.
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import {
  ContainerProxy,
  errorCode,
  getSandbox,
  type ISandbox,
  proxyToSandbox,
  Sandbox,
} from '../../cloudflare/index.ts';
import * as worker from '../../worker/index.ts';
import source from '../e2e/fixtures/port-server.mjs?raw';
import { Viewer } from './harness/viewer.ts';

const codeOf = (call: Promise<unknown>) => call.then(() => undefined, errorCode);

async function startServer(sandbox: ISandbox): Promise<number> {
  const path = `/tmp/${crypto.randomUUID()}.mjs`;
  await sandbox.writeFile(path, source);
  const server = await sandbox.startProcess(`node ${path}`);
  const { match } = await server.waitForLog(/listening (\d+)/, 10_000);
  await sandbox.deleteFile(path);
  return Number(match?.[1]);
}

test('the classes are those of the Worker', () => {
  expect(Sandbox).toBe(worker.Sandbox);
  expect(ContainerProxy).toBe(worker.ContainerProxy);
});

const NAMES = [
  ...['exec', 'execStream', 'startProcess', 'listProcesses', 'getProcess', 'killProcess', 'killAllProcesses'],
  ...[
    'cleanupCompletedProcesses',
    'getProcessLogs',
    'streamProcessLogs',
    'setEnvVars',
    'writeFile',
    'readFile',
  ],
  ...['readFileStream', 'mkdir', 'deleteFile', 'renameFile', 'moveFile', 'listFiles', 'exists', 'watch'],
  ...['gitCheckout', 'terminal'],
];
const SANDBOX_NAMES = [
  ...['createSession', 'getSession', 'deleteSession', 'exposePort', 'unexposePort', 'getExposedPorts'],
  ...['wsConnect', 'setKeepAlive', 'setSleepAfter', 'destroy'],
];

test('a sandbox has all the names, and a session those that are a session’s', async () => {
  const sandbox: object = getSandbox(env.SANDBOX, 'cf-names');
  const session: object = await getSandbox(env.SANDBOX, 'cf-names').getSession('build');
  const lacks = (handle: object, names: string[]) =>
    names.filter((name) => typeof Reflect.get(handle, name) !== 'function');
  expect(lacks(sandbox, [...NAMES, ...SANDBOX_NAMES])).toEqual([]);
  expect(lacks(session, NAMES)).toEqual([]);
});

test('settings given to getSandbox are there before its first call', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'CF-Settings', {
    sleepAfter: '30m',
    keepAlive: true,
    normalizeId: true,
  });
  const settings = async () => (await sandbox.holdfast.info()).settings;
  expect(await settings()).toMatchObject({ sleepAfter: '30m', keepAlive: true });
  await sandbox.setKeepAlive(false);
  await sandbox.setSleepAfter(90);
  expect(await settings()).toMatchObject({ sleepAfter: 90, keepAlive: false });
  await sandbox.destroy();
  expect(await codeOf(getSandbox(env.SANDBOX, 'cf-settings').holdfast.info())).toBe('SANDBOX_NOT_FOUND');
  expect(await settings()).toMatchObject({ sleepAfter: '30m' });
  await sandbox.destroy();
  expect(() => getSandbox(env.SANDBOX, 'Upper')).toThrow('no sandbox name');
  const refused = getSandbox(env.SANDBOX, 'cf-refused', { sleepAfter: 'soon' });
  expect(await codeOf(refused.exec('true'))).toBe('INVALID_REQUEST');
});

test('a port gets a URL, which proxyToSandbox answers until it is revoked', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'cf-ports');
  const port = await startServer(sandbox);
  const { url, ...exposed } = await sandbox.exposePort(port, { hostname: 'site.test', name: 'web' });
  expect(exposed).toMatchObject({ port, name: 'web' });
  const request = () => new Request(url);
  for (const bound of [{ Sandbox: env.SANDBOX }, { SANDBOX: env.SANDBOX }]) {
    const answer = await proxyToSandbox(request(), bound);
    expect(answer?.headers.has('x-holdfast-error')).toBe(false);
    await answer?.body?.cancel();
  }
  expect(await proxyToSandbox(new Request('https://site.test/'), { Sandbox: env.SANDBOX })).toBeNull();
  const listed = await sandbox.getExposedPorts('site.test');
  expect(listed).toMatchObject([{ port, status: 'active', name: 'web' }]);
  expect(JSON.stringify(listed)).not.toContain(new URL(url).hostname);
  await sandbox.unexposePort(port);
  await sandbox.unexposePort(port);
  expect((await proxyToSandbox(request(), { Sandbox: env.SANDBOX }))?.status).toBe(404);
  expect(await sandbox.getExposedPorts('site.test')).toEqual([]);
  const own = await sandbox.exposePort(port, { hostname: 'site.test', token: 'my_token_v1' });
  expect(own.url).toContain(`${port}-cf-ports-my_token_v1.site.test`);
  const again = await sandbox.exposePort(port, { hostname: 'site.test', token: 'my_token_v1' });
  expect(again.url).toBe(own.url);
  expect(await sandbox.getExposedPorts()).toHaveLength(1);
  await sandbox.destroy();
});

test('WebSockets reach a server and a terminal', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'cf-sockets');
  const upgrade = () => new Request('https://site.test/echo', { headers: { upgrade: 'websocket' } });
  const port = await startServer(sandbox);
  const { webSocket, status } = await sandbox.wsConnect(upgrade(), port);
  expect(status).toBe(101);
  webSocket?.accept();
  const echoed = new Promise((resolve) =>
    webSocket?.addEventListener('message', ({ data }) => resolve(data)),
  );
  webSocket?.send('hello');
  expect(await echoed).toBeTruthy();
  webSocket?.close();
  const answer = await sandbox.terminal(upgrade(), { cols: 70, rows: 20, shell: 'sh' });
  const viewer = new Viewer(answer.webSocket!);
  viewer.type('echo $0, $(stty size)\r');
  await viewer.sees('sh, 20 70');
  const session = await sandbox.createSession({ cwd: '/usr' });
  const inSession = new Viewer((await session.terminal(upgrade())).webSocket!);
  inSession.type('echo in $PWD\r');
  await inSession.sees('in /usr');
  await sandbox.destroy();
});

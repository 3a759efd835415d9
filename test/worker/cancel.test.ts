// An AbortSignal ends every call of the SDK, through the Durable Object too.
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { type DurableSandbox, getSandbox } from '../../sdk/index.ts';

const CALLS: Record<string, (sandbox: DurableSandbox) => unknown> = {
  exec: (sandbox) => sandbox.exec('true'),
  execStream: (sandbox) => sandbox.execStream('true').next(),
  interrupt: (sandbox) => sandbox.interrupt(),
  createSession: (sandbox) => sandbox.createSession(),
  listSessions: (sandbox) => sandbox.listSessions(),
  getSession: (sandbox) => sandbox.getSession('default'),
  deleteSession: (sandbox) => sandbox.deleteSession('build'),
  listCommands: (sandbox) => sandbox.listCommands(),
  getCommand: (sandbox) => sandbox.getCommand('a'),
  commandEvents: (sandbox) => sandbox.commandEvents('a').next(),
  commandOutput: (sandbox) => sandbox.commandOutput('a', 'stdout'),
  commandPage: (sandbox) => sandbox.commandPage('a'),
  startProcess: (sandbox) => sandbox.startProcess('true'),
  listProcesses: (sandbox) => sandbox.listProcesses(),
  getProcess: (sandbox) => sandbox.getProcess('a'),
  ports: (sandbox) => sandbox.ports(),
  fetchPort: (sandbox) => sandbox.fetchPort(new Request('http://app/'), 3000),
  wsConnect: (sandbox) =>
    sandbox.wsConnect(new Request('http://app/', { headers: { upgrade: 'websocket' } }), 3000),
  info: (sandbox) => sandbox.info(),
  update: (sandbox) => sandbox.update({}),
  destroy: (sandbox) => sandbox.destroy(),
  exposePort: (sandbox) => sandbox.exposePort(3000),
  unexposePort: (sandbox) => sandbox.unexposePort(3000),
  getExposedPorts: (sandbox) => sandbox.getExposedPorts(),
  gitClone: (sandbox) => sandbox.gitClone('https://host.test/a.git'),
  'terminals.create': (sandbox) => sandbox.terminals.create(),
  'terminals.list': (sandbox) => sandbox.terminals.list(),
  'terminals.get': (sandbox) => sandbox.terminals.get('a'),
  'terminals.delete': (sandbox) => sandbox.terminals.delete('a'),
  'terminals.connect': (sandbox) => sandbox.terminals.connect('a'),
  writeFile: (sandbox) => sandbox.writeFile('/tmp/a', ''),
  readFile: (sandbox) => sandbox.readFile('/tmp/a'),
  readFileStream: (sandbox) => sandbox.readFileStream('/tmp/a'),
  mkdir: (sandbox) => sandbox.mkdir('/tmp/a'),
  deleteFile: (sandbox) => sandbox.deleteFile('/tmp/a'),
  moveFile: (sandbox) => sandbox.moveFile('/tmp/a', '/tmp/b'),
  copyFile: (sandbox) => sandbox.copyFile('/tmp/a', '/tmp/b'),
  listFiles: (sandbox) => sandbox.listFiles('/tmp'),
  statFile: (sandbox) => sandbox.statFile('/tmp'),
  exists: (sandbox) => sandbox.exists('/tmp'),
  searchFiles: (sandbox) => sandbox.searchFiles('/tmp', 'a'),
  replaceInFiles: (sandbox) => sandbox.replaceInFiles('/tmp', 'a', 'b'),
  packFolder: (sandbox) => sandbox.packFolder('/tmp'),
  unpackArchive: (sandbox) => sandbox.unpackArchive('/tmp', new Uint8Array()),
  watch: (sandbox) => sandbox.watch('/tmp'),
  'session.writeStdin': (sandbox) => sandbox.session('default').writeStdin('a', 'x'),
  'session.signal': (sandbox) => sandbox.session('default').signal('a', 'TERM'),
  'process.info': (sandbox) => sandbox.processOf({ id: 'a', pid: 1 }).info(),
  'process.output': (sandbox) => sandbox.processOf({ id: 'a', pid: 1 }).output(),
  'process.stream': (sandbox) => sandbox.processOf({ id: 'a', pid: 1 }).stream().next(),
  'process.write': (sandbox) => sandbox.processOf({ id: 'a', pid: 1 }).write('x'),
  'process.signal': (sandbox) => sandbox.processOf({ id: 'a', pid: 1 }).signal('TERM'),
  'process.kill': (sandbox) => sandbox.processOf({ id: 'a', pid: 1 }).kill(),
  'process.delete': (sandbox) => sandbox.processOf({ id: 'a', pid: 1 }).delete(),
  'process.waitForOutput': (sandbox) => sandbox.processOf({ id: 'a', pid: 1 }).waitForOutput('x'),
  'process.waitForPort': (sandbox) => sandbox.processOf({ id: 'a', pid: 1 }).waitForPort(3000),
  'process.waitForExit': (sandbox) => sandbox.processOf({ id: 'a', pid: 1 }).waitForExit(),
};

test('with a signal that was aborted no call goes out, and each throws its reason', async () => {
  const asked: string[] = [];
  const namespace = {
    idFromName: (name: string) => name,
    get: () => ({
      async fetch(input: string): Promise<Response> {
        asked.push(input);
        return Response.json({});
      },
    }),
  };
  const sandbox = getSandbox(namespace, 'aborted').withSignal(AbortSignal.abort(new Error('enough')));
  for (const [name, call] of Object.entries(CALLS)) {
    await expect((async () => call(sandbox))(), name).rejects.toThrow('enough');
  }
  expect(asked).toEqual([]);
});

test('every method that asks the sandbox is among those calls', () => {
  const sandbox = getSandbox(env.SANDBOX, 'any');
  const asksNobody = ['constructor', 'withSignal', 'session', 'processOf', 'renameFile', 'upgrade', 'id'];
  const missing = Object.entries({
    '': sandbox,
    'terminals.': sandbox.terminals,
    'process.': sandbox.processOf({ id: 'a', pid: 1 }),
  }).flatMap(([prefix, handle]) =>
    methodsOf(handle)
      .filter((name) => !asksNobody.includes(name) && name !== 'closeStdin')
      .map((name) => prefix + name)
      .filter((name) => !(name in CALLS)),
  );
  expect(missing).toEqual([]);
});

function methodsOf(handle: object): string[] {
  const names: string[] = [];
  for (let at = Object.getPrototypeOf(handle); at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    names.push(...Object.getOwnPropertyNames(at));
  }
  return names;
}

test('a wait in the sandbox ends at the abort, and what it waited for goes on', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'cancelled');
  const process = await sandbox.startProcess('sleep 60');
  const waits: ((signal: AbortSignal) => Promise<unknown>)[] = [
    (signal) => process.withSignal(signal).waitForExit(),
    (signal) => process.waitForExit({ signal }),
    (signal) => process.withSignal(signal).output({ waitMs: 60_000 }),
    (signal) => sandbox.withSignal(signal).commandPage(process.id, { waitMs: 60_000 }),
    async (signal) => {
      const events = process.withSignal(signal).stream();
      for (let next = await events.next(); !next.done; next = await events.next());
    },
    async (signal) => {
      const changes = await sandbox.withSignal(signal).watch('/tmp/..', { recursive: false });
      for (let next = await changes.next(); !next.done; next = await changes.next());
    },
  ];
  for (const wait of waits) {
    const leaving = new AbortController();
    const waiting = wait(leaving.signal);
    // It was let in: an engine that answers this has answered nothing of the wait.
    expect((await process.info()).state).toBe('running');
    leaving.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  }
  await sandbox.destroy();
});

test('a command that was left through withSignal is interrupted after its grace', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'left-behind');
  const leaving = new AbortController();
  const session = sandbox.withSignal(leaving.signal).session('default');
  const running = session.exec('sleep 60', { id: 'left', disconnectGraceMs: 0 });
  const state = async () => (await sandbox.listCommands()).find(({ id }) => id === 'left')?.state;
  await expect.poll(state, { timeout: 10_000 }).toBe('running');
  leaving.abort(new Error('enough'));
  await expect(running).rejects.toThrow('enough');
  const exitCode = async () => (await sandbox.getCommand('left')).exitCode;
  await expect.poll(exitCode, { timeout: 10_000 }).toBe(130);
  await sandbox.destroy();
});

// What each method asks for: method, path, body, and whether it is repeated.
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import {
  connectEngine,
  errorCode,
  Holdfast,
  type Process,
  type Sandbox,
  type WorkerSandbox,
} from '../../sdk/index.ts';
import { OPERATIONS, type OperationName } from '../../sdk/protocol/index.ts';
import { collect, rejection } from './harness/collect.ts';
import { impatient } from './harness/retry.ts';
import { type Asked, sendError, sendJson, serve } from './harness/serve.ts';

interface Expected {
  call: (sandbox: Sandbox) => Promise<unknown>;
  asks: string;
  body?: unknown;
}

// A WebSocket is no call.
const CALLS: Record<Exclude<OperationName, 'connectTerminal'>, Expected> = {
  listSessions: { call: (s) => s.listSessions(), asks: 'GET /sessions' },
  createSession: {
    call: (s) => s.createSession({ id: 'a', cwd: '/', env: { A: '1' } }),
    asks: 'POST /sessions',
    body: { id: 'a', cwd: '/', env: { A: '1' } },
  },
  getSession: { call: (s) => s.getSession('a.b'), asks: 'GET /sessions/a.b' },
  deleteSession: { call: (s) => s.deleteSession('a'), asks: 'DELETE /sessions/a' },
  exec: {
    call: (s) => s.session('a').exec('x', { id: 'i', timeoutMs: 5, disconnectGraceMs: null }),
    asks: 'POST /sessions/a/exec',
    body: { command: 'x', id: 'i', timeoutMs: 5, disconnectGraceMs: null },
  },
  interrupt: { call: (s) => s.interrupt(), asks: 'POST /sessions/default/interrupt' },
  listCommands: { call: (s) => s.listCommands(), asks: 'GET /commands' },
  getCommand: { call: (s) => s.getCommand('i'), asks: 'GET /commands/i' },
  commandEvents: {
    call: (s) => collect(s.commandEvents('i', { after: 7 })),
    asks: 'GET /commands/i/events?after=7',
  },
  commandPage: {
    call: (s) => s.commandPage('i', { since: 7, waitMs: 5, maxBytes: 9, maxOutputBytes: 8 }),
    asks: 'GET /commands/i/output?since=7&waitMs=5&maxBytes=9&maxOutputBytes=8',
  },
  commandOutput: { call: (s) => s.commandOutput('i', 'stderr'), asks: 'GET /commands/i/output/stderr' },
  commandStdin: { call: (s) => s.session('a').writeStdin('i', 'hi'), asks: 'POST /commands/i/stdin' },
  commandSignal: {
    call: (s) => s.session('a').signal('i', 'TERM'),
    asks: 'POST /commands/i/signal',
    body: { signal: 'TERM' },
  },
  startProcess: {
    call: (s) => s.session('a').startProcess('x', { id: 'p', cwd: '/', stdinOpen: true }),
    asks: 'POST /processes',
    body: { command: 'x', id: 'p', session: 'a', cwd: '/', stdinOpen: true },
  },
  createTerminal: {
    call: (s) => s.terminals.create({ id: 't', session: 'a', cols: 100, rows: 30 }),
    asks: 'POST /terminals',
    body: { id: 't', session: 'a', cols: 100, rows: 30 },
  },
  listTerminals: { call: (s) => s.terminals.list(), asks: 'GET /terminals' },
  getTerminal: { call: (s) => s.terminals.get('t'), asks: 'GET /terminals/t' },
  deleteTerminal: { call: (s) => s.terminals.delete('t'), asks: 'DELETE /terminals/t' },
  listProcesses: { call: (s) => s.listProcesses(), asks: 'GET /processes' },
  getProcess: { call: (s) => s.getProcess('p'), asks: 'GET /processes/p' },
  deleteProcess: { call: (s) => ofProcess(s, (p) => p.delete()), asks: 'DELETE /processes/p' },
  processOutput: {
    call: (s) => ofProcess(s, (p) => p.output({ since: 3, waitMs: 5 })),
    asks: 'GET /processes/p/output?since=3&waitMs=5',
  },
  waitForProcess: {
    call: (s) => ofProcess(s, (p) => p.waitForOutput(/a\/(b)/gi, { since: 3 })),
    asks: 'POST /processes/p/wait',
    body: { for: 'output', pattern: 'a\\/(b)', flags: 'i', since: 3, waitMs: 300_000 },
  },
  processStdin: { call: (s) => ofProcess(s, (p) => p.write('hi')), asks: 'POST /processes/p/stdin' },
  processSignal: {
    call: (s) => ofProcess(s, (p) => p.signal(15)),
    asks: 'POST /processes/p/signal',
    body: { signal: 15 },
  },
  terminateProcess: {
    call: (s) => ofProcess(s, (p) => p.kill({ graceMs: 9 })),
    asks: 'POST /processes/p/terminate',
    body: { graceMs: 9 },
  },
  listPorts: { call: (s) => s.ports(), asks: 'GET /ports' },
  readFile: { call: (s) => s.readFile('/a b&c'), asks: 'GET /files?path=%2Fa+b%26c' },
  writeFile: {
    call: (s) => s.session('a').writeFile('b', 'hi', { parents: true, mode: '755' }),
    asks: 'PUT /files?path=b&parents=true&mode=755&session=a',
  },
  deleteFile: {
    call: (s) => s.deleteFile('/a', { recursive: true }),
    asks: 'DELETE /files?path=%2Fa&recursive=true',
  },
  listFiles: {
    call: (s) => s.listFiles('a', { recursive: true, includeHidden: true, sessionId: 'b' }),
    asks: 'GET /files/list?path=a&recursive=true&hidden=true&limit=10000&session=b',
  },
  statFile: {
    call: (s) => s.statFile('/a', { follow: false, hash: true }),
    asks: 'GET /files/stat?path=%2Fa&follow=false&hash=true',
  },
  fileExists: { call: (s) => s.exists('/a'), asks: 'GET /files/exists?path=%2Fa' },
  searchFiles: {
    call: (s) => s.searchFiles('/a', 'x+', { regex: true, include: ['*.a', '*.b'], limit: 5 }),
    asks: 'GET /files/search?path=%2Fa&pattern=x%2B&regex=true&include=*.a&include=*.b&limit=5',
  },
  watchFiles: {
    call: (s) => s.watch('/a', { recursive: false, exclude: ['b'] }),
    asks: 'GET /files/watch?path=%2Fa&recursive=false&exclude=b',
  },
  packFiles: {
    call: (s) => s.packFolder('/a', { gzip: true }),
    asks: 'GET /files/archive?path=%2Fa&gzip=true',
  },
  unpackFiles: {
    call: (s) => s.unpackArchive('/a', Uint8Array.of(1), { parents: true }),
    asks: 'PUT /files/archive?path=%2Fa&parents=true',
  },
  makeFolder: {
    call: (s) => s.mkdir('/a', { recursive: true, mode: '700' }),
    asks: 'POST /files/mkdir',
    body: { path: '/a', parents: true, mode: '700' },
  },
  gitClone: {
    call: (s) => s.session('b').gitClone('https://a/b', { depth: 1, auth: { token: 't' } }),
    asks: 'POST /git/clone',
    body: { url: 'https://a/b', depth: 1, auth: { token: 't' }, session: 'b' },
  },
  moveFile: {
    call: (s) => s.session('b').renameFile('a', 'c', { overwrite: false }),
    asks: 'POST /files/move?session=b',
    body: { from: 'a', to: 'c', overwrite: false },
  },
  copyFile: {
    call: (s) => s.copyFile('/a', '/b', { recursive: true }),
    asks: 'POST /files/copy',
    body: { from: '/a', to: '/b', recursive: true },
  },
  replaceInFiles: {
    call: (s) => s.replaceInFiles('/a', 'x', 'y', { expected: 1 }),
    asks: 'POST /files/replace',
    body: { path: '/a', search: 'x', replacement: 'y', expected: 1 },
  },
};

/** A process is asked for before it is used; that call is answered, and does not count. */
async function ofProcess(sandbox: Sandbox, use: (process: Process) => Promise<unknown>): Promise<unknown> {
  return use(await sandbox.getProcess(KNOWN));
}

const KNOWN = 'p?known';

/** The server of the calls: it knows one process, and does with all else what the test says. */
async function knowing(
  answer: (res: ServerResponse) => void,
): Promise<{ url: string; asked: () => Asked[] }> {
  const isKnown = ({ path }: Asked) => path === `/processes/${encodeURIComponent(KNOWN)}`;
  const { url, asked } = await serve((res, call) =>
    isKnown(call) ? sendJson(res, 200, { id: 'p', pid: 1 }) : answer(res),
  );
  return { url, asked: () => asked.filter((call) => !isKnown(call)) };
}

for (const [name, { call, asks, body }] of Object.entries(CALLS)) {
  const { method, path } = OPERATIONS[name as OperationName];

  test(`${name} asks ${asks}`, async () => {
    const { url, asked } = await knowing((res) => sendError(res, 404, 'NOT_FOUND'));
    expect(errorCode(await rejection(call(connectEngine(url))))).toBe('NOT_FOUND');
    expect(said(asked())).toEqual([asks]);
    const pattern = new RegExp(`^${method} ${path.replaceAll(/:[a-z]+/g, '[^/]+')}(\\?|$)`);
    expect(asks).toMatch(pattern);
    if (body) expect(JSON.parse(asked()[0]!.body)).toEqual(body);
  });

  const once = [
    'interrupt',
    'commandStdin',
    'commandSignal',
    'createSession',
    'createTerminal',
    'processStdin',
    'processSignal',
    'gitClone',
    'makeFolder',
    'moveFile',
    'copyFile',
    'replaceInFiles',
  ];
  test(`${name} is ${once.includes(name) ? 'not ' : ''}repeated when the connection is torn`, async () => {
    const { url, asked } = await knowing((res) => res.destroy());
    const thrown = await rejection(call(connectEngine(url, { retry: impatient({ tries: 3 }) })));
    expect(errorCode(thrown)).toBe('CONNECTION_FAILED');
    expect(asked()).toHaveLength(once.includes(name) ? 1 : 3);
  });
}

const said = (asked: Asked[]) => asked.map(({ method, path }) => `${method} ${path}`);

test('lists come without their envelope', async () => {
  const { url } = await serve((res, { path }) => sendJson(res, 200, { [path.slice(1)]: [{ id: path }] }));
  expect(await connectEngine(url).listSessions()).toEqual([{ id: '/sessions' }]);
  expect(await connectEngine(url).listCommands()).toEqual([{ id: '/commands' }]);
});

test('stdin is sent raw, any bytes of it, and its end by a second call', async () => {
  const { url, asked } = await serve((res) => res.writeHead(204).end());
  const session = connectEngine(url).session('a');
  await session.writeStdin('i', Uint8Array.of(0, 255, 10));
  await session.writeStdin('i', 'é', { eof: true });
  await session.writeStdin('i', '', { eof: true });
  expect(asked.map(({ headers, body }) => [headers['content-type'], body])).toEqual([
    ['application/octet-stream', '\0\xff\n'],
    ['application/octet-stream', '\xc3\xa9'],
    ['application/json', '{"eof":true}'],
    ['application/json', '{"eof":true}'],
  ]);
});

test('output is a stream of the raw bytes', async () => {
  const bytes = Buffer.from([0, 1, 2, 254, 255]);
  const { url } = await serve((res) =>
    res.writeHead(200, { 'content-type': 'application/octet-stream' }).end(bytes),
  );
  const stream = await connectEngine(url).commandOutput('i', 'stdout');
  expect(Buffer.from(await new Response(stream).arrayBuffer())).toEqual(bytes);
});

test('a session without an id of its own is made once, though its answer was lost', async () => {
  const made: string[] = [];
  const { url } = await serve((res, { body }) => {
    const { id } = JSON.parse(body);
    if (made.includes(id)) return sendError(res, 409, 'SESSION_EXISTS');
    made.push(id);
    res.destroy();
  });
  const session = await connectEngine(url, { retry: impatient() }).createSession();
  expect(made).toEqual([session.id]);
});

test('a session with an id that is taken is SESSION_EXISTS, after a 503 too', async () => {
  const { url, asked } = await serve((res, _asked, nth) =>
    nth === 0 ? sendError(res, 503, 'CONTAINER_UNAVAILABLE') : sendError(res, 409, 'SESSION_EXISTS'),
  );
  const thrown = await rejection(connectEngine(url, { retry: impatient() }).createSession({ id: 'a' }));
  expect(errorCode(thrown)).toBe('SESSION_EXISTS');
  expect(asked).toHaveLength(2);
});

test('a session that a lost answer had deleted counts as deleted, one that was never there does not', async () => {
  const lost = await serve((res, _asked, nth) => {
    if (nth === 0) res.destroy();
    else sendError(res, 404, 'SESSION_NOT_FOUND');
  });
  await connectEngine(lost.url, { retry: impatient() }).deleteSession('a');
  const never = await serve((res) => sendError(res, 404, 'SESSION_NOT_FOUND'));
  expect(errorCode(await rejection(connectEngine(never.url).deleteSession('a')))).toBe('SESSION_NOT_FOUND');
});

test('an id cannot lead to another path', async () => {
  const { url, asked } = await serve((res) => sendError(res, 404, 'SESSION_NOT_FOUND'));
  const sandbox = connectEngine(url);
  await rejection(sandbox.getSession('../commands?x#y'));
  expect(said(asked)).toEqual(['GET /sessions/..%2Fcommands%3Fx%23y']);
  for (const id of ['', '.', '..']) {
    expect(errorCode(await rejection(sandbox.getSession(id)))).toBe('INVALID_REQUEST');
  }
  expect(asked).toHaveLength(1);
});

const WORKER_CALLS: [string, (sandbox: WorkerSandbox) => Promise<unknown>, string, unknown?][] = [
  ['info', (s) => s.info(), 'GET /v1/sandboxes/s1'],
  ['update', (s) => s.update({ env: { A: null } }), 'PATCH /v1/sandboxes/s1', { env: { A: null } }],
  ['destroy', (s) => s.destroy(), 'DELETE /v1/sandboxes/s1'],
  [
    'createToken',
    (s) => s.createToken({ access: 'read', expiresInSeconds: 60 }),
    'POST /v1/sandboxes/s1/tokens',
    { access: 'read', expiresInSeconds: 60 },
  ],
  [
    'exec',
    (s) => s.exec('x', { id: 'i' }),
    'POST /v1/sandboxes/s1/sessions/default/exec',
    { command: 'x', id: 'i' },
  ],
];
for (const [name, call, asks, body] of WORKER_CALLS) {
  test(`through the Worker ${name} asks ${asks}`, async () => {
    const { url, asked } = await serve((res) =>
      name === 'destroy' ? res.writeHead(204).end() : sendJson(res, 200, { a: 1 }),
    );
    const answer = await call(new Holdfast({ url, apiKey: 'k' }).sandbox('s1'));
    expect(answer).toEqual(name === 'destroy' ? undefined : { a: 1 });
    expect(said(asked)).toEqual([asks]);
    expect(asked[0]!.headers.authorization).toBe('Bearer k');
    if (body) expect(JSON.parse(asked[0]!.body)).toEqual(body);
  });
}

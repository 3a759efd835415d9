// Terminals: a shell to type into, seen by one viewer or several, that outlives their connections.
import { expect } from 'vitest';
import { TerminalInfo } from '#protocol';
import { api, expectError, target } from './harness/api.ts';
import { test } from './harness/session.ts';
import { createTerminal, refusedUpgrade, TestViewer, terminalInfo } from './harness/terminal.ts';
import { uniqueSeconds } from './harness/unique-seconds.ts';
import { until } from './harness/until.ts';

test('a terminal is a shell in the state of its session, and its own from then on', async ({
  session,
  folder,
}) => {
  await session.exec(`cd ${folder}; word=hello; greet() { echo "$word from $PWD"; }; alias hi=greet`);
  const { id } = await createTerminal({ session: session.id });
  const viewer = await TestViewer.open(id);
  viewer.type('hi; word=changed; tty; echo $- $TERM\r');
  await viewer.sees(`hello from ${folder}`);
  await viewer.sees('/dev/pts/');
  await viewer.sees(/[a-z]*i[a-z]*m[a-zA-Z]* xterm-256color/);
  viewer.type('greet\r');
  await viewer.sees(`changed from ${folder}`);
  expect((await session.exec('echo $word')).stdout).toBe('hello\n');
});

test('its environment holds what processes get and nothing of the engine', async ({ session }) => {
  const { id } = await createTerminal({ session: session.id, env: { GIVEN: 'yes' } });
  const viewer = await TestViewer.open(id);
  viewer.type(
    'env | grep -c HOLDFAST_ENGINE; echo given=$GIVEN; cat /proc/self/oom_score_adj; echo do""ne\r',
  );
  await viewer.sees('done');
  expect(viewer.text).toMatch(/\r0\r\ngiven=yes\r\n1000\r\n/);
});

test('a command of one’s own runs on it, and its end is told with the exit code', async ({ session }) => {
  const { id, command } = await createTerminal({
    session: session.id,
    command: 'echo out; echo err >&2; read x; exit 7',
  });
  expect(command).toContain('exit 7');
  const viewer = await TestViewer.open(id);
  await viewer.sees('out\r\nerr\r\n');
  viewer.type('\r');
  expect(await viewer.told('exit')).toMatchObject({ exitCode: 7, signal: null });
  expect(await viewer.closed).toBe(1000);
  expect(await terminalInfo(id)).toMatchObject({ state: 'exited', exitCode: 7, signal: null, viewers: 0 });
  // What ended is readable for a while.
  const late = await TestViewer.open(id);
  expect(await late.closed).toBe(1000);
  expect(late.bytes).toEqual(viewer.bytes);
  expect(late.exit).toMatchObject({ exitCode: 7 });
});

test('an end by a signal is told as such', async ({ session }) => {
  const { id } = await createTerminal({ session: session.id, command: 'kill -TERM $$' });
  const viewer = await TestViewer.open(id);
  expect(await viewer.told('exit')).toMatchObject({ exitCode: 143, signal: 'SIGTERM' });
});

test('all that was written before the end is there, also where a stray holds the terminal open', async ({
  session,
}) => {
  const { id } = await createTerminal({
    session: session.id,
    command: 'setsid sleep 300 & seq 20000; echo the-end',
  });
  const viewer = await TestViewer.open(id);
  await viewer.told('exit');
  const numbers = Array.from({ length: 20_000 }, (_, at) => `${at + 1}\r\n`).join('');
  expect(viewer.text).toContain(`${numbers}the-end\r\n`);
});

test('a size is what the program sees, and a change of it comes as a signal', async ({ session }) => {
  const { id } = await createTerminal({ session: session.id, cols: 100, rows: 30 });
  const [viewer, other] = [await TestViewer.open(id), await TestViewer.open(id)];
  expect(viewer.ready).toMatchObject({ cols: 100, rows: 30 });
  viewer.type('trap "echo changed" WINCH; stty size\r');
  await viewer.sees('30 100\r\n');
  viewer.control({ type: 'resize', cols: 132, rows: 43 });
  await until(async () => (await terminalInfo(id)).cols === 132);
  viewer.type('stty size\r');
  await viewer.sees('43 132\r\n');
  await viewer.sees('changed');
  expect(await other.told('resize')).toEqual({ type: 'resize', cols: 132, rows: 43 });
  // A viewer that comes with a size of its own.
  const third = await TestViewer.open(id, { cols: 90, rows: 20 });
  expect(third.ready).toMatchObject({ cols: 90, rows: 20 });
});

test('Ctrl-C and the signal message reach what runs in the foreground, and the shell goes on', async ({
  session,
}) => {
  const { id } = await createTerminal({ session: session.id });
  const viewer = await TestViewer.open(id);
  const sleeping = async (seconds: string) =>
    (await session.exec(`pgrep -fx "sleep ${seconds}" >/dev/null`)).exitCode === 0;
  const [first, second] = [uniqueSeconds(), uniqueSeconds()];
  viewer.type(`sleep ${first}; echo status=$?\r`);
  await until(() => sleeping(first));
  viewer.type('\x03');
  viewer.type('echo after=$?\r');
  await viewer.sees('after=130');
  viewer.type(`sleep ${second}; echo status=$?\r`);
  await until(() => sleeping(second));
  viewer.control({ type: 'signal', signal: 'TERM' });
  await viewer.sees('status=143');
});

test('a message that is of no use is answered, and changes nothing', async ({ session }) => {
  const { id } = await createTerminal({ session: session.id });
  const viewer = await TestViewer.open(id);
  const bad = [
    'no json',
    '{}',
    '{"type":"resize","cols":0,"rows":1}',
    '{"type":"signal","signal":"NONE"}',
    '[]',
    '',
  ];
  for (const text of bad) viewer.socket.send(text);
  const errors = () => viewer.messages.filter(({ type }) => type === 'error');
  await until(async () => errors().length === bad.length);
  expect(errors()).toEqual(bad.map(() => expect.objectContaining({ code: 'INVALID_REQUEST' })));
  viewer.type('echo still $((40 + 2))\r');
  await viewer.sees('still 42');
});

test('a message of more than 1 MiB closes the connection and nothing else', async ({ session }) => {
  const { id } = await createTerminal({
    session: session.id,
    command: 'stty raw -echo; head -c 1000000 | md5sum; read x',
  });
  const viewer = await TestViewer.open(id);
  viewer.socket.send(Buffer.alloc(1024 * 1024 + 1));
  // What is between may see a connection that broke.
  expect(target.name === 'engine' ? [1009] : [1009, 1006]).toContain(await viewer.closed);
  // One just below goes in whole.
  const next = await TestViewer.open(id);
  next.socket.send(Buffer.alloc(1_000_000, 'a'));
  await next.sees(/ {2}-/);
  expect(next.text).toContain(
    (await session.exec("head -c 1000000 /dev/zero | tr '\\0' a | md5sum")).stdout.trim(),
  );
});

test('they are listed, told about and deleted, with all that they run', async ({ session }) => {
  const { id } = await createTerminal({ session: session.id, id: `t-${session.id}` });
  const viewer = await TestViewer.open(id);
  const mark = uniqueSeconds();
  viewer.type(
    `setsid sleep ${mark} & nohup sleep ${mark} >/dev/null 2>&1 & (sleep ${mark} &) ; sleep ${mark}\r`,
  );
  const alive = async () => Number((await session.exec(`pgrep -cfx "sleep ${mark}"`)).stdout);
  await until(async () => (await alive()) === 4);
  const { body } = await api<{ terminals: TerminalInfo[] }>('GET', '/terminals');
  const listed = TerminalInfo.parse(body.terminals.find((one) => one.id === id));
  expect(listed).toMatchObject({
    sessionId: session.id,
    state: 'running',
    viewers: 1,
    command: null,
    exitCode: null,
  });
  expect(listed.bytes).toBeGreaterThan(0);
  expect((await api('DELETE', `/terminals/${id}`)).status).toBe(204);
  expect(await alive()).toBe(0);
  expect(await viewer.told('exit')).toMatchObject({ signal: 'SIGKILL' });
  expectError(await api('GET', `/terminals/${id}`), 404, 'TERMINAL_NOT_FOUND');
  expectError(await api('DELETE', `/terminals/${id}`), 404, 'TERMINAL_NOT_FOUND');
});

test('it ends with its session', async ({ session, other }) => {
  const { id } = await createTerminal({ session: other.id });
  const viewer = await TestViewer.open(id);
  const mark = uniqueSeconds();
  viewer.type(`nohup sleep ${mark} >/dev/null 2>&1 &\r`);
  const alive = async () => Number((await session.exec(`pgrep -cfx "sleep ${mark}"`)).stdout);
  await until(async () => (await alive()) === 1);
  await other.delete();
  expect(await viewer.told('exit')).toBeDefined();
  expect(await alive()).toBe(0);
});

test('what is wrong is refused with its code, before and in place of an upgrade', async ({ session }) => {
  const { id } = await createTerminal({ session: session.id });
  expectError(await api('POST', '/terminals', { id }), 409, 'TERMINAL_EXISTS');
  expectError(await api('POST', '/terminals', { session: 'nobody' }), 404, 'SESSION_NOT_FOUND');
  expectError(
    await api('POST', '/terminals', { session: session.id, cwd: '/nowhere' }),
    400,
    'CWD_NOT_FOUND',
  );
  for (const bad of [{ cols: 0 }, { rows: 1001 }, { id: '../x' }, { what: 1 }, { env: { '1': 'x' } }]) {
    expectError(await api('POST', '/terminals', bad), 400, 'INVALID_REQUEST');
  }
  for (const [path, status, code] of [
    ['/terminals/nothing', 404, 'TERMINAL_NOT_FOUND'],
    [`/terminals/${id}?after=-1`, 400, 'INVALID_REQUEST'],
    [`/terminals/${id}?window=1`, 400, 'INVALID_REQUEST'],
    [`/terminals/${id}?cwd=/tmp`, 400, 'INVALID_REQUEST'],
    [`/terminals/${id}?what=1`, 400, 'INVALID_REQUEST'],
    ['/terminals/new?create=true&session=nobody', 404, 'SESSION_NOT_FOUND'],
  ] as const) {
    const answer = await refusedUpgrade(path);
    expect(answer.status, `${path}: ${answer.body}`).toBe(status);
    expect(JSON.parse(answer.body).error.code).toBe(code);
  }
  const stranger = await refusedUpgrade(`/terminals/${id}`, {
    url: target.url,
    headers: { authorization: 'Bearer wrong' },
  });
  expect(stranger.status).toBe(401);
});

test('an upgrade makes the terminal where it is told to, once', async ({ session }) => {
  const query = { create: 'true', session: session.id, command: 'echo made; read x', cols: 90, rows: 25 };
  const id = `made-${session.id}`;
  const viewers = await Promise.all([1, 2, 3].map(() => TestViewer.open(id, query)));
  for (const viewer of viewers) await viewer.sees('made');
  expect(new Set(viewers.map(({ ready }) => ready.pid)).size).toBe(1);
  expect(await terminalInfo(id)).toMatchObject({ cols: 90, rows: 25, viewers: 3, sessionId: session.id });
});

test('the WebSocket of a browser, which sets no headers, shows the token as a subprotocol', async ({
  session,
}) => {
  const { id } = await createTerminal({ session: session.id, command: 'echo hello; read x' });
  const token = target.headers.authorization!.replace('Bearer ', '');
  const url = `${target.url}/terminals/${id}`.replace(/^http/, 'ws');
  const socket = new WebSocket(url, ['holdfast', `holdfast.bearer.${token}`]);
  socket.binaryType = 'arraybuffer';
  let text = '';
  socket.addEventListener('message', ({ data }) => {
    if (typeof data !== 'string') text += Buffer.from(data).toString();
  });
  await until(async () => text.includes('hello\r\n'));
  expect(socket.protocol).toBe('holdfast');
  socket.close();
  const refused = new WebSocket(url, ['holdfast', 'holdfast.bearer.wrong']);
  await new Promise((closed) => refused.addEventListener('close', closed));
  expect(refused.protocol).toBe('');
});

// Each is a bash: once is enough.
test.skipIf(target.name !== 'engine')(
  '64 run at once and not one more; as many that ended are kept',
  async ({ session }) => {
    const all = await api<{ terminals: TerminalInfo[] }>('GET', '/terminals');
    const running = all.body.terminals.filter(({ state }) => state === 'running').length;
    const ids: string[] = [];
    for (let count = running; count < 64; count += 1) {
      ids.push((await createTerminal({ session: session.id, command: 'read x' })).id);
    }
    expectError(await api('POST', '/terminals', { session: session.id }), 429, 'TOO_MANY_TERMINALS');
    const refused = await refusedUpgrade(`/terminals/one-more?create=true&session=${session.id}`);
    expect([refused.status, JSON.parse(refused.body).error.code]).toEqual([429, 'TOO_MANY_TERMINALS']);
    const [first] = ids;
    const viewer = await TestViewer.open(first!);
    viewer.type('\r');
    await viewer.told('exit');
    const { id } = await createTerminal({ session: session.id, command: 'true' });
    await until(async () => (await terminalInfo(id)).state === 'exited');
    expect((await terminalInfo(first!)).state).toBe('exited');
    await session.delete();
    const left = await api<{ terminals: TerminalInfo[] }>('GET', '/terminals');
    expect(left.body.terminals.filter(({ sessionId }) => sessionId === session.id)).toEqual([]);
  },
);

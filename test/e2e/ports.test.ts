// Servers in the sandbox: what listens, and the way to it for requests and WebSockets.
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { expect } from 'vitest';
import type { PortList } from '#protocol';
import { api, expectError, request, target } from './harness/api.ts';
import { type PortServer, startServer } from './harness/port-server.ts';
import { startProcess } from './harness/process.ts';
import { test as base } from './harness/session.ts';
import { until } from './harness/until.ts';

const test = base.extend<{ server: PortServer }>({
  server: async ({ session }, use) => await use(await startServer(session)),
});

interface Seen {
  method: string;
  url: string;
  rawHeaders: string[];
}

const ports = async () => (await api<PortList>('GET', '/ports')).body.ports;
const headersOf = (rawHeaders: string[]) =>
  rawHeaders.flatMap((name, at) => (at % 2 ? [] : [[name.toLowerCase(), rawHeaders[at + 1]!] as const]));

/** What the server was asked, by a request whose path is sent as it is written here. */
async function seen(port: number, path: string, method = 'GET', headers: Record<string, string> = {}) {
  const { body, status } = await api<Seen>(method, `/ports/${port}${path}`, undefined, { headers });
  expect(status, JSON.stringify(body)).toBe(200);
  return { ...body, headers: headersOf(body.rawHeaders) };
}

function socketTo(path: string, options: Record<string, unknown> = {}): WebSocket {
  const url = `${target.url}${path}`.replace(/^http/, 'ws');
  const socket = new WebSocket(url, { headers: target.headers, ...options } as never);
  socket.binaryType = 'arraybuffer';
  return socket;
}

const event = (socket: WebSocket, name: 'open' | 'message' | 'close' | 'error') =>
  new Promise<MessageEvent & CloseEvent>((resolve) =>
    socket.addEventListener(name, (told) => resolve(told as never), { once: true }),
  );

test('what listens is listed with its process, command and session, until it ends', async ({
  session,
  server,
}) => {
  const { port, process } = server;
  const mine = (await ports()).filter((one) => one.port === port);
  expect(mine).toMatchObject([{ port, address: '127.0.0.1', commandId: process.id, sessionId: session.id }]);
  expect(mine[0]!.command).toMatch(/^node .*port-server/);
  const { stdout } = await session.exec(`tr '\\0' ' ' < /proc/${mine[0]!.pid}/cmdline`);
  expect(stdout.trim()).toBe(mine[0]!.command);
  await process.terminate();
  expect((await ports()).some((one) => one.port === port)).toBe(false);
});

test('a server that a foreground command left behind is listed and reached, on IPv6 where there is any', async ({
  session,
}) => {
  const id = crypto.randomUUID();
  const script = `import http.server as h, socket
class Six(h.HTTPServer): address_family = socket.AF_INET6
try: s = Six(('::1', 0), h.SimpleHTTPRequestHandler)
except OSError: s = h.HTTPServer(('127.0.0.1', 0), h.SimpleHTTPRequestHandler)
print(s.server_address[0], s.server_port, flush=True)
s.serve_forever()`;
  await session.exec('echo six > /tmp/six-$$.txt; cd /tmp');
  await session.exec('python3 -c "$script" > /tmp/six-$$ 2>&1 &', { id, env: { script } });
  const [address, port] = await until(async () => {
    const said = (await session.exec('cat /tmp/six-$$')).stdout.split(' ');
    return said.length === 2 && ([said[0], Number(said[1])] as const);
  });
  expect((await ports()).find((one) => one.port === port)).toMatchObject({
    address,
    commandId: id,
    sessionId: session.id,
  });
  const name = (await session.exec('echo six-$$.txt')).stdout.trim();
  const answer = await api('GET', `/ports/${port}/${name}`);
  expect([answer.status, answer.body]).toEqual([200, 'six\n']);
  await session.exec('rm /tmp/six-$$ /tmp/six-$$.txt; kill %1');
});

test('method, path and query arrive as they were written', async ({ server: { port } }) => {
  for (const [path, arrives] of [
    ['', '/'],
    ['/', '/'],
    ['?a=b', '/?a=b'],
    ['/a%2Fb/%20c//d;e?x=%2F+&&y', '/a%2Fb/%20c//d;e?x=%2F+&&y'],
    ['/%e4%zz', '/%e4%zz'],
    ['/ports/1/health', '/ports/1/health'],
  ] as const) {
    expect((await seen(port, path)).url, path).toBe(arrives);
  }
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    expect((await seen(port, '/any', method)).method).toBe(method);
  }
  const head = await request('HEAD', `/ports/${port}/any`);
  expect([head.status, head.headers.get('content-type')]).toEqual([200, 'application/json']);
});

test('no credential of Holdfast reaches the server, and nobody else says where a request came from', async ({
  server: { port },
}) => {
  const { headers } = await seen(port, '/x?y', 'GET', {
    'x-execd-access-token': 'secret',
    'x-holdfast-authorization': 'Basic dXNlcg==',
    'x-forwarded-for': '6.6.6.6',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-server': 'evil.example',
    forwarded: 'for=6.6.6.6',
    'x-real-ip': '6.6.6.6',
    'x-of-the-client': 'stays',
  });
  const text = JSON.stringify(headers);
  expect(text).not.toContain(target.headers.authorization!.replace('Bearer ', ''));
  expect(text).not.toMatch(/secret|6\.6\.6\.6|evil|x-holdfast/);
  const said = Object.fromEntries(headers);
  expect(said).toMatchObject({
    host: `localhost:${port}`,
    authorization: 'Basic dXNlcg==',
    'x-of-the-client': 'stays',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': new URL(target.url).host,
    'x-forwarded-prefix': `${new URL(target.url).pathname.replace(/\/$/, '')}/ports/${port}`,
  });
  expect(headers.filter(([name]) => name === 'authorization')).toHaveLength(1);
  expect(headers.filter(([name]) => name === 'x-forwarded-for').length).toBeLessThanOrEqual(1);
});

test('a body goes both ways while it is sent, whatever its size, and keeps a length that it has', async ({
  server: { port },
}) => {
  const bytes = new Uint8Array(3_000_000).map((_, i) => (i * 31) % 251);
  const answer = await request('POST', `/ports/${port}/echo`, bytes);
  expect(answer.headers.get('x-length')).toBe('3000000');
  expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
  const empty = await request('POST', `/ports/${port}/echo`);
  expect([empty.headers.get('x-length'), await empty.text()]).toEqual(['0', '']);
  const large = await request('GET', `/ports/${port}/large?megabytes=50`);
  let size = 0;
  for await (const chunk of large.body!) size += chunk.length;
  expect(size).toBe(50_000_000);
});

test('what is streamed up is answered before it has ended', async ({ server: { port } }) => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const answering = fetch(`${target.url}/ports/${port}/echo`, {
    method: 'POST',
    headers: target.headers,
    body: readable,
    duplex: 'half',
  } as RequestInit);
  await writer.write(Buffer.from('one '));
  const reader = (await answering).body!.getReader();
  expect(Buffer.from((await reader.read()).value!).toString()).toBe('one ');
  await writer.write(Buffer.from('two'));
  expect(Buffer.from((await reader.read()).value!).toString()).toBe('two');
  await writer.close();
  expect((await reader.read()).done).toBe(true);
});

test('events come as they are sent, and the server learns that their reader left, also of silent ones', async ({
  server: { port },
}) => {
  for (const kind of ['events', 'silent']) {
    const id = crypto.randomUUID();
    const leaving = new AbortController();
    const answer = await request('GET', `/ports/${port}/${kind}?id=${id}`, undefined, {
      signal: leaving.signal,
    });
    const reader = answer.body!.getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toContain('data:');
    leaving.abort();
    await until(async () => (await api<string>('GET', `/ports/${port}/left`)).body.includes(id));
  }
});

test("an answer is the server's own: its status, its redirect, its headers but for those between two hops", async ({
  server: { port },
}) => {
  for (const status of [201, 404, 500, 503]) {
    const answer = await api('GET', `/ports/${port}/status?status=${status}`);
    expect([answer.status, answer.body, answer.headers.get('x-holdfast-error')]).toEqual([
      status,
      'said so',
      null,
    ]);
  }
  const redirected = await fetch(`${target.url}/ports/${port}/redirect?to=/next`, {
    headers: target.headers,
    redirect: 'manual',
  });
  expect([redirected.status, redirected.headers.get('location')]).toEqual([302, '/next']);
  const own = await fetch(`${target.url}/ports/${port}/redirect`, {
    headers: target.headers,
    redirect: 'manual',
  });
  expect(own.headers.get('location')).toBe(`${target.url}/ports/${port}/elsewhere?a=b`);
  const { headers } = await api('GET', `/ports/${port}/hops`);
  expect(['x-private', 'x-holdfast-error', 'proxy-authenticate'].map((name) => headers.get(name))).toEqual([
    null,
    null,
    null,
  ]);
  expect(headers.get('x-public')).toBe('yes');
});

test('a server that breaks off is told of, before its answer and within it', async ({ server: { port } }) => {
  expectError(await api('GET', `/ports/${port}/dead`), 502, 'CONNECTION_FAILED');
  await expect(api('GET', `/ports/${port}/cut`)).rejects.toThrow();
});

test('what is no answer of HTTP is told of, and ends nothing else', async ({ server: { port } }) => {
  for (const answer of [
    'HTTP/1.1 099 Low\r\n\r\n',
    'HTTP/1.1 999 High\r\n\r\n',
    'SSH-2.0-OpenSSH\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
    '',
  ]) {
    const path = `/ports/${port}/raw?answer=${encodeURIComponent(answer)}`;
    expectError(await api('GET', path), 502, 'CONNECTION_FAILED');
  }
  expect((await api('GET', `/ports/${port}/any`)).status).toBe(200);
});

test('headers may be as large as those of a browser with many cookies', async ({ server: { port } }) => {
  const large = 'x'.repeat(12_000);
  const { headers } = await seen(port, '/any', 'GET', { 'x-large': large });
  expect(Object.fromEntries(headers)['x-large']).toBe(large);
});

test('a body that its sender breaks off is not taken for a whole one', async ({ server: { port } }) => {
  const id = crypto.randomUUID();
  const url = new URL(`${target.url}/ports/${port}/echo?id=${id}`);
  const asked = httpRequest(url, { method: 'POST', headers: { ...target.headers, 'content-length': 1000 } });
  asked.on('error', () => {});
  const answered = new Promise((resolve) => asked.once('response', resolve));
  asked.write('half');
  await answered;
  asked.destroy();
  await until(async () => (await api<string>('GET', `/ports/${port}/left`)).body.includes(id));
});

test('what is no port, or nobody listens on, is refused with a code', async ({
  server: { port, process },
}) => {
  for (const wrong of [
    '0',
    '65536',
    '-1',
    '+80',
    '080',
    '80.0',
    '0x50',
    'http',
    '127.0.0.1:80',
    '80@evil',
    '%38',
  ]) {
    expectError(await api('GET', `/ports/${wrong}/`), 400, 'INVALID_REQUEST');
  }
  await process.terminate();
  const answer = await api('GET', `/ports/${port}/`);
  expectError(answer, 502, 'PORT_NOT_LISTENING');
  expect(answer.headers.get('x-holdfast-error')).toBe('PORT_NOT_LISTENING');
});

test.skipIf(target.name !== 'engine')(
  "the engine's own port is refused, and so is what others on this machine listen on (engine only: it needs their ports)",
  async ({ session }) => {
    const own = new URL(target.url).port;
    expectError(await api('GET', `/ports/${own}/health`), 403, 'FORBIDDEN');
    expect((await ports()).map(({ port }) => String(port))).not.toContain(own);
    const stranger = createServer();
    await new Promise<void>((listening) => stranger.listen(0, '127.0.0.1', listening));
    const { port } = stranger.address() as { port: number };
    expectError(await api('GET', `/ports/${port}/`), 502, 'PORT_NOT_LISTENING');
    expect((await ports()).map((one) => one.port)).not.toContain(port);
    // The same number at another address is another server's.
    const script = `import http.server as h, socket
class Six(h.HTTPServer): address_family = socket.AF_INET6
s = Six(('::1', ${port}), h.SimpleHTTPRequestHandler)
print('up', flush=True)
s.serve_forever()`;
    const six = await startProcess(session, 'python3 -c "$script"', { env: { script } });
    await six.readUntil('up');
    expect((await request('GET', `/ports/${port}/`)).status).toBe(200);
    stranger.close();
  },
);

test.skipIf(target.name !== 'docker')(
  "the engine's own port is refused and not listed (docker only: elsewhere its number is not known)",
  async () => {
    expectError(await api('GET', '/ports/8080/health'), 403, 'FORBIDDEN');
    expect((await ports()).map(({ port }) => port)).not.toContain(8080);
  },
);

test('who has no token reaches no server', async ({ server: { port } }) => {
  const answer = await fetch(`${target.url}/ports/${port}/`);
  expect(answer.status).toBe(401);
  await answer.body?.cancel();
  const socket = socketTo(`/ports/${port}/`, { headers: {} });
  await event(socket, 'error');
});

test('a WebSocket carries text and bytes both ways, with its subprotocol, and ends on both sides', async ({
  server: { port },
}) => {
  const path = `/chat?id=${crypto.randomUUID()}`;
  const socket = socketTo(`/ports/${port}${path}`, { protocols: ['vite-hmr', 'other'] });
  await event(socket, 'open');
  expect(socket.protocol).toBe('vite-hmr');
  for (const sent of ['héllo', new Uint8Array(300_000).fill(7)]) {
    const back = event(socket, 'message');
    socket.send(sent);
    const { data } = await back;
    expect(Buffer.from(data).equals(Buffer.from(sent))).toBe(true);
  }
  socket.close(4001, 'enough');
  await event(socket, 'close');
  await until(async () => (await api<string>('GET', `/ports/${port}/left`)).body.includes(path));
});

test('a WebSocket that the server refuses is refused with its answer, and the connection serves nothing more', async ({
  server: { port },
}) => {
  await event(socketTo(`/ports/${port}/refused`), 'error');
  const socket = socketTo(`/ports/${port}/headers`);
  const headers = headersOf(JSON.parse((await event(socket, 'message')).data as string));
  expect(JSON.stringify(headers)).not.toContain(target.headers.authorization!.replace('Bearer ', ''));
  expect(Object.fromEntries(headers)).toMatchObject({ host: `localhost:${port}`, upgrade: 'websocket' });
  socket.close();
});

test('a server whose process daemonised itself is found all the same', async ({ session }) => {
  const script =
    'python3 -u -m http.server 0 --bind 127.0.0.1 > /tmp/daemon-$$ 2>&1 & echo /tmp/daemon-$$; disown';
  const process = await startProcess(session, `(setsid bash -c ${JSON.stringify(script)})`);
  const path = (await process.readUntil('\n')).text.trim();
  const port = await until(
    async () => Number(/port (\d+)/.exec((await session.exec(`cat ${path}`)).stdout)?.[1] ?? 0) || false,
  );
  const [listed] = (await ports()).filter((one) => one.port === port);
  expect(listed).toMatchObject({ sessionId: session.id, commandId: process.id });
  expect((await request('GET', `/ports/${port}/`)).status).toBe(200);
  await session.exec(`kill ${listed!.pid}; rm ${path}`);
});

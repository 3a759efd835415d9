// Preview URLs by the name that a browser would use, through the door in front of the local server.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import type { Preview } from '#protocol';
import { api, target } from './harness/api.ts';
import { startServer } from './harness/port-server.ts';
import { test } from './harness/session.ts';
import { until } from './harness/until.ts';

const { port: frontPort } = new URL(target.origin);

/** Node asks DNS for names below localhost; browsers do not. */
function visit(url: string, path: string, headers: Record<string, string> = {}, method = 'GET') {
  const { host } = new URL(url);
  return httpRequest({ host: '127.0.0.1', port: frontPort, path, method, headers: { host, ...headers } });
}

const answered = (asked: ReturnType<typeof visit>, body?: string) =>
  new Promise<IncomingMessage>((resolve, reject) =>
    asked.once('response', resolve).once('error', reject).end(body),
  );

const upgraded = (asked: ReturnType<typeof visit>) =>
  new Promise<{ socket: Duplex; answer: IncomingMessage }>((resolve, reject) =>
    asked
      .once('upgrade', (answer, socket) => resolve({ socket, answer }))
      .once('response', (answer) => reject(new Error(`answered ${answer.statusCode}`)))
      .once('error', reject)
      .end(),
  );

const SOCKET = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

async function preview(port: number, more: object = {}): Promise<Preview> {
  const answer = await api<Preview>('POST', '/previews', { port, ...more });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body;
}

const localOnly = test.skipIf(target.name === 'engine');
const why = '(not for the engine alone, which has no previews)';

localOnly(
  `a preview is reached under a name below localhost, by requests of any kind ${why}`,
  async ({ session }) => {
    const { port } = await startServer(session);
    const { url } = await preview(port);
    expect(new URL(url).host).toMatch(new RegExp(`^${port}-.*\\.localhost:${frontPort}$`));
    const headers = { cookie: 'a=1', authorization: 'Basic eA==', 'x-forwarded-proto': 'https' };
    const plain = await answered(visit(url, '/a%2Fb?c', headers));
    const { url: asked, rawHeaders } = JSON.parse(await text(plain)) as { url: string; rawHeaders: string[] };
    expect(asked).toBe('/a%2Fb?c');
    const seen = JSON.stringify(rawHeaders);
    for (const expected of ['"a=1"', '"Basic eA=="', `"localhost:${port}"`, `"${new URL(url).host}"`]) {
      expect(seen).toContain(expected);
    }
    expect(seen).not.toMatch(/x-holdfast|https/i);
    const failed = await answered(visit(url, '/status?status=500'));
    expect([failed.statusCode, await text(failed)]).toEqual([500, 'said so']);
    const echoed = await answered(
      visit(url, '/echo', { 'transfer-encoding': 'chunked' }, 'PUT'),
      'x'.repeat(500_000),
    );
    expect(await text(echoed)).toHaveLength(500_000);
    await api('DELETE', `/previews/${port}`);
    expect((await answered(visit(url, '/'))).statusCode).toBe(404);
    // The names below localhost lead nowhere else.
    expect((await answered(visit(url, `/v1/sandboxes/x`, target.headers))).statusCode).toBe(404);
  },
);

localOnly(
  `a WebSocket passes through, and each side learns that the other left ${why}`,
  async ({ session }) => {
    const { port } = await startServer(session);
    const { url } = await preview(port);
    const { socket, answer } = await upgraded(
      visit(url, '/chat?mine', { ...SOCKET, 'sec-websocket-protocol': 'vite-hmr' }),
    );
    expect(answer.headers).toMatchObject({
      'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
      'sec-websocket-protocol': 'vite-hmr',
    });
    // A text frame of "Hello", masked: RFC 6455, section 5.7.
    socket.write(Buffer.from('818537fa213d7f9f4d5158', 'hex'));
    const frame = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    expect(frame.toString('latin1')).toContain('Hello');
    socket.destroy();
    const left = async () => (await api<string>('GET', `/ports/${port}/left`)).body;
    await until(async () => (await left()).includes('/chat?mine'));
    await expect(upgraded(visit(url, '/refused', SOCKET))).rejects.toThrow('403');
    await expect(upgraded(visit(url.replace(`${port}-`, '1-'), '/', SOCKET))).rejects.toThrow('404');
  },
);

localOnly(`a reader of silent events who leaves is missed by the server ${why}`, async ({ session }) => {
  const { port } = await startServer(session);
  const { url } = await preview(port);
  const id = crypto.randomUUID();
  const asked = visit(url, `/silent?id=${id}`);
  const answer = await answered(asked);
  await new Promise((resolve) => answer.once('data', resolve));
  asked.destroy();
  await until(async () => (await api<string>('GET', `/ports/${port}/left`)).body.includes(id));
});

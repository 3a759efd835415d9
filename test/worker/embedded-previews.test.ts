// A Worker that embeds the Durable Object class: the SDK's calls about ports, and preview URLs in its own fetch.
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { errorCode, getSandbox, proxyToSandbox } from '../../sdk/index.ts';
import { newSandbox } from './harness/api.ts';
import { startServer } from './harness/port-server.ts';

/** As a Worker of somebody's own would answer. */
const visit = async (url: string, init: RequestInit = {}, own = {}) =>
  (await proxyToSandbox(new Request(url, { redirect: 'manual', ...init }), {
    SANDBOX: env.SANDBOX,
    ...own,
  })) ?? new Response('my own page');

function shortSandbox() {
  const name = `e-${crypto.randomUUID().slice(0, 8)}`;
  return { name, sandbox: getSandbox(env.SANDBOX, name) };
}

async function served() {
  const { name, sandbox } = shortSandbox();
  const at = newSandbox();
  const call: typeof at.call = (rest, options) => {
    const body = options?.body;
    const init = { method: options?.method ?? (body ? 'POST' : 'GET') };
    const raw = typeof body === 'string' ? body : body && JSON.stringify(body);
    return env.SANDBOX.getByName(name).fetch(`http://x${rest}`, {
      ...init,
      body: raw as BodyInit | undefined,
    });
  };
  return { name, sandbox, port: await startServer({ ...at, name, call }) };
}

test('a port is exposed, listed, visited and unexposed', async () => {
  const { name, sandbox, port } = await served();
  expect(await sandbox.ports()).toMatchObject([{ port, sessionId: 'default' }]);
  const { url, id } = await sandbox.exposePort(port, { hostname: 'apps.example.com', name: 'web' });
  expect(url).toMatch(new RegExp(`^https://${port}-${name}-[a-z2-7]{26}\\.apps\\.example\\.com/$`));
  expect(await sandbox.getExposedPorts()).toMatchObject([{ id, port, name: 'web', wakes: false }]);
  const answer = await visit(`${url}a?b`, {
    headers: { authorization: 'Basic eA==', 'x-holdfast-front': 'x' },
  });
  const { url: asked, rawHeaders } = await answer.json<{ url: string; rawHeaders: string[] }>();
  expect(asked).toBe('/a?b');
  expect(rawHeaders).toContain('Basic eA==');
  expect(JSON.stringify(rawHeaders)).not.toContain('x-holdfast');
  await sandbox.unexposePort(port);
  expect((await visit(url)).status).toBe(404);
  const thrown = await sandbox.unexposePort(port).catch((error: unknown) => error);
  expect(errorCode(thrown)).toBe('NOT_FOUND');
});

test('other requests are not its business, wrong links are answered with 404, under a host of their own all', async () => {
  expect(await (await visit('https://apps.example.com/')).text()).toBe('my own page');
  expect(await (await visit('https://www.example.com/3000-x-abc')).text()).toBe('my own page');
  const wrong = await visit(`https://3000-nobody-${'a'.repeat(26)}.apps.example.com/`);
  expect([wrong.status, (await wrong.json<{ error: { code: string } }>()).error.code]).toEqual([
    404,
    'NOT_FOUND',
  ]);
  const under = { HOLDFAST_PREVIEW_HOST: 'apps.example.com' };
  expect((await visit('https://www.apps.example.com/', {}, under)).status).toBe(404);
  expect(await (await visit('https://3000-x-abc.example.com/', {}, under)).text()).toBe('my own page');
});

test('a request and a WebSocket are handed to a port by the Worker itself', async () => {
  const { sandbox, port } = await served();
  const posted = new Request('http://app/echo?x', {
    method: 'POST',
    body: 'hello',
    headers: { cookie: 'a=1', authorization: 'Bearer mine' },
  });
  const echoed = await sandbox.fetchPort(posted, port);
  expect([echoed.status, await echoed.text()]).toEqual([200, 'hello']);
  const seen = await sandbox.fetchPort(
    new Request('https://app.example/a%2Fb?c', {
      headers: {
        cookie: 'a=1',
        authorization: 'Bearer mine',
        'x-holdfast-forwarded': '{"proto":"http","host":"evil.example"}',
      },
    }),
    port,
  );
  const { url, rawHeaders } = await seen.json<{ url: string; rawHeaders: string[] }>();
  expect(url).toBe('/a%2Fb?c');
  expect(rawHeaders).toEqual(expect.arrayContaining(['a=1', 'Bearer mine', 'app.example', 'https']));
  expect(rawHeaders.join()).not.toContain('evil');
  const redirect = await sandbox.fetchPort(new Request('http://app/redirect?to=/x'), port);
  expect([redirect.status, redirect.headers.getSetCookie()]).toEqual([302, ['a=1; Path=/', 'b=2']]);
  const nobody = await sandbox.fetchPort(new Request('http://app/'), 1);
  expect([nobody.status, nobody.headers.get('x-holdfast-error')]).toEqual([502, 'PORT_NOT_LISTENING']);
  const asked = new Request('http://app/chat', { headers: { upgrade: 'websocket' } });
  const { webSocket, status } = await sandbox.wsConnect(asked, port);
  expect(status).toBe(101);
  webSocket!.accept();
  const said = new Promise((heard) => webSocket!.addEventListener('message', ({ data }) => heard(data)));
  webSocket!.send('hello');
  expect(await said).toBe('hello');
  webSocket!.close(1000);
  const thrown = await sandbox.wsConnect(new Request('http://app/'), port).catch((error: unknown) => error);
  expect(errorCode(thrown)).toBe('INVALID_REQUEST');
});

test('what is no port, or makes no host name, is not exposed', async () => {
  const { sandbox } = shortSandbox();
  const long = getSandbox(env.SANDBOX, 'a'.repeat(63));
  const hostname = 'apps.example.com';
  const codes = await Promise.all(
    [
      long.exposePort(3000, { hostname }),
      sandbox.exposePort(0, { hostname }),
      sandbox.exposePort(70_000),
    ].map(async (call) => errorCode(await call.catch((error: unknown) => error))),
  );
  expect(codes).toEqual(['NAME_TOO_LONG', 'INVALID_REQUEST', 'INVALID_REQUEST']);
});

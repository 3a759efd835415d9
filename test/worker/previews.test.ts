// Preview URLs: what they open, to whom, for how long, and what they never open.
import { runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';
import type { Preview, PreviewInfo } from '#protocol';
import { call, codeOf, newSandbox } from './harness/api.ts';
import { crash, evict, info, rows, stubOf, type TestSandbox } from './harness/generations.ts';
import { preview, startServer, visit } from './harness/port-server.ts';

/** A name short enough for a preview. */
function shortSandbox(name = `p-${crypto.randomUUID().slice(0, 8)}`): TestSandbox {
  const at: TestSandbox['call'] = (rest, options) => call(`/v1/sandboxes/${name}${rest}`, options);
  return { ...newSandbox(), name, call: at };
}

const listed = async (sandbox: TestSandbox) =>
  (await (await sandbox.call('/previews')).json<{ previews: PreviewInfo[] }>()).previews;
const seen = async (response: Response) =>
  response.json<{ method: string; url: string; rawHeaders: string[] }>();
const said = (rawHeaders: string[]) =>
  Object.fromEntries(
    rawHeaders.flatMap((name, at) => (at % 2 ? [] : [[name.toLowerCase(), rawHeaders[at + 1]!]])),
  );

/** Every wrong link is answered alike, whatever is wrong with it. */
async function expectRefused(url: string): Promise<void> {
  const response = await visit(url);
  const { error } = await response.json<{ error: { code: string; message: string } }>();
  expect([response.status, error.code, error.message], url).toEqual([
    404,
    'NOT_FOUND',
    'There is no such preview: the link is wrong, has expired or was revoked.',
  ]);
}

test('a preview URL leads to the port, without any key, with cookies and credentials of the app', async () => {
  const sandbox = shortSandbox();
  const port = await startServer(sandbox);
  const { url, id, expiresAt, wakes, name } = await preview(sandbox, port, { name: 'web' });
  const { host } = new URL(url);
  expect(url).toMatch(new RegExp(`^https://${port}-${sandbox.name}-[a-z2-7]{26}\\.preview\\.test/$`));
  expect({ expiresAt, wakes, name }).toEqual({ expiresAt: null, wakes: false, name: 'web' });
  const headers = {
    cookie: 'session=1',
    authorization: 'Bearer of-the-app',
    origin: `https://${host}`,
    'x-forwarded-host': 'evil.example',
    'x-holdfast-forwarded': '{"proto":"http","host":"evil.example"}',
    'x-holdfast-authorization': 'Bearer smuggled',
  };
  const answer = await visit(`${url}a%2Fb/?c=%20`, { method: 'POST', headers, body: 'x' });
  const { method, url: asked, rawHeaders } = await seen(answer);
  expect([method, asked]).toEqual(['POST', '/a%2Fb/?c=%20']);
  expect(said(rawHeaders)).toMatchObject({
    host: `localhost:${port}`,
    cookie: 'session=1',
    authorization: 'Bearer of-the-app',
    origin: `http://localhost:${port}`,
    'x-forwarded-host': host,
    'x-forwarded-proto': 'https',
    'content-length': '1',
  });
  expect(JSON.stringify(rawHeaders)).not.toMatch(/evil|smuggled|x-holdfast|x-forwarded-prefix/i);
  const redirect = await visit(`${url}redirect`);
  expect(redirect.status).toBe(302);
  expect(redirect.headers.get('location')).toBe(`https://${host}/elsewhere?a=b`);
  expect(redirect.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2']);
  expect((await visit(`${url}status?status=500`)).headers.get('x-request-id')).toBeTruthy();
  expect(await listed(sandbox)).toMatchObject([{ id, port, name: 'web', wakes: false, expiresAt: null }]);
});

test('a WebSocket passes through a preview URL', async () => {
  const sandbox = shortSandbox();
  const { url } = await preview(sandbox, await startServer(sandbox));
  const answer = await visit(`${url}chat`, { headers: { upgrade: 'websocket' } });
  expect(answer.status).toBe(101);
  const socket = answer.webSocket!;
  socket.accept();
  const echoed = new Promise((heard) => socket.addEventListener('message', ({ data }) => heard(data)));
  socket.send('hello');
  expect(await echoed).toBe('hello');
  socket.close(1000);
});

test('a wrong, expired or revoked token, another port, and another sandbox are refused, all alike', async () => {
  const [sandbox, other] = [shortSandbox(), shortSandbox()];
  const port = await startServer(sandbox);
  await other.exec('true');
  const { url, id } = await preview(sandbox, port);
  const token = /-([a-z2-7]{26})\./.exec(url)![1]!;
  const flipped = `${token.slice(0, -1)}${token.endsWith('a') ? 'b' : 'a'}`;
  await expectRefused(url.replace(token, flipped));
  await expectRefused(url.replace(`-${token}`, ''));
  await expectRefused(url.replace(sandbox.name, other.name));
  await expectRefused(url.replace(`${port}-`, `${port + 1}-`));
  await expectRefused(url.replace(`${port}-`, '8080-'));
  await expectRefused(url.replace(`${port}-`, `0${port}-`));
  await expectRefused('https://anything.preview.test/v1/sandboxes/x');
  await expectRefused(`https://a.${new URL(url).host}/`);
  const short = await preview(sandbox, port, { expiresInSeconds: 60 });
  expect(new Date(short.expiresAt!).getTime()).toBeGreaterThan(Date.now() + 50_000);
  expect((await visit(short.url)).status).toBe(200);
  await runInDurableObject(stubOf(sandbox), (_, { storage }) => {
    storage.sql.exec('UPDATE previews SET expires_at = ? WHERE id = ?', Date.now() - 1, short.id);
  });
  await expectRefused(short.url);
  expect((await listed(sandbox)).map((one) => one.id)).toEqual([id]);
  expect((await visit(url)).status).toBe(200);
  expect((await sandbox.call(`/previews/${id}`, { method: 'DELETE' })).status).toBe(204);
  await expectRefused(url);
  expect(await codeOf(await sandbox.call(`/previews/${id}`, { method: 'DELETE' }))).toBe('NOT_FOUND');
});

test('what is open through a preview ends with it, and nothing else does', async () => {
  const sandbox = shortSandbox();
  const port = await startServer(sandbox);
  const [revoked, other] = [await preview(sandbox, port), await preview(sandbox, port)];
  const expiring = await preview(sandbox, port, { expiresInSeconds: 1 });
  const opened = async (url: string) => {
    const { webSocket } = await visit(`${url}chat`, { headers: { upgrade: 'websocket' } });
    webSocket!.accept();
    const stream = (await visit(`${url}events?id=1`)).body!.getReader();
    const ended = Promise.all([
      new Promise((over) => {
        webSocket!.addEventListener('close', over);
        webSocket!.addEventListener('error', over);
      }),
      (async () => {
        while (!(await stream.read()).done);
      })().catch(() => {}),
    ]);
    return { webSocket: webSocket!, stream, ended };
  };
  const [first, second, third] = [
    await opened(revoked.url),
    await opened(other.url),
    await opened(expiring.url),
  ];
  await third.ended;
  expect((await sandbox.call(`/previews/${revoked.id}`, { method: 'DELETE' })).status).toBe(204);
  await first.ended;
  const said = new Promise((heard) =>
    second.webSocket.addEventListener('message', ({ data }) => heard(data)),
  );
  second.webSocket.send('still here');
  expect(await said).toBe('still here');
  second.webSocket.close(1000);
  await second.stream.cancel().catch(() => {});
});

test('all previews of a port are revoked by the port', async () => {
  const sandbox = shortSandbox();
  const port = await startServer(sandbox);
  const urls = [await preview(sandbox, port), await preview(sandbox, port)].map(({ url }) => url);
  const kept = await preview(sandbox, 5);
  expect((await sandbox.call(`/previews/${port}`, { method: 'DELETE' })).status).toBe(204);
  for (const url of urls) await expectRefused(url);
  expect((await listed(sandbox)).map(({ id }) => id)).toEqual([kept.id]);
});

test('no name below the host of previews reaches the API, and the API is where it was', async () => {
  const sandbox = shortSandbox();
  const port = await startServer(sandbox);
  const { url } = await preview(sandbox, port);
  const { origin } = new URL(url);
  const headers = { authorization: 'Bearer the-api-key' };
  const answer = await visit(`${origin}/v1/sandboxes/${sandbox.name}/sessions`, { headers });
  expect((await seen(answer)).url).toBe(`/v1/sandboxes/${sandbox.name}/sessions`);
  expect((await seen(await visit(`${origin}/health`))).url).toBe('/health');
  await expectRefused('https://x.preview.test/health');
  expect(await (await visit('https://preview.test/health')).json()).toMatchObject({ status: 'ok' });
  // What the Durable Object is asked for a preview is no path of the API.
  const token = /-([a-z2-7]{26})\./.exec(url)![1]!;
  const smuggled = await sandbox.call(`/previewed/${port}/${token}/`);
  expect([smuggled.status, await codeOf(smuggled)]).toEqual([404, 'NOT_FOUND']);
});

test('a guess at a sandbox that was never used leaves nothing behind', async () => {
  const sandbox = shortSandbox();
  // Something that is gone only if all is.
  await runInDurableObject(stubOf(sandbox), (_, { storage }) =>
    storage.sql.exec('CREATE TABLE left_behind (n)'),
  );
  await expectRefused(`https://3000-${sandbox.name}-${'a'.repeat(26)}.preview.test/`);
  expect(await rows(sandbox, "SELECT name FROM sqlite_master WHERE name = 'left_behind'")).toEqual([]);
  expect((await sandbox.call('')).status).toBe(404);
  // And it can be used as ever.
  const answer = await sandbox.call('/sessions/default/exec', { body: { command: 'echo up' } });
  expect(await answer.json()).toMatchObject({ stdout: 'up\n' });
});

test('only a preview that says so wakes a sandbox, and previews outlive container and object', async () => {
  const sandbox = shortSandbox();
  const port = await startServer(sandbox);
  const asleep = await preview(sandbox, port);
  const waking = await preview(sandbox, port, { wakes: true });
  await crash(sandbox);
  await evict(sandbox);
  const answer = await visit(asleep.url);
  expect([answer.status, await codeOf(answer)]).toEqual([502, 'PORT_NOT_LISTENING']);
  expect(await info(sandbox)).toMatchObject({ state: 'stopped', generation: 1 });
  const woken = await visit(waking.url);
  expect([woken.status, await codeOf(woken)]).toEqual([502, 'PORT_NOT_LISTENING']);
  expect(await info(sandbox)).toMatchObject({ state: 'running', generation: 2 });
  expect((await listed(sandbox)).map(({ id }) => id)).toEqual([asleep.id, waking.id]);
  await sandbox.call('', { method: 'DELETE' });
  await expectRefused(waking.url);
  expect(await listed(sandbox)).toEqual([]);
});

test('tokens are not stored, one of the caller’s own makes a URL that stays', async () => {
  const sandbox = shortSandbox();
  const { url } = await preview(sandbox, 3000);
  const token = /-([a-z2-7]{26})\./.exec(url)![1]!;
  const [row] = await rows(sandbox, 'SELECT * FROM previews');
  expect(JSON.stringify(row)).not.toContain(token);
  const own = await preview(sandbox, 4000, { token: 'my_app', name: 'one' });
  const again = await preview(sandbox, 4000, { token: 'my_app', name: 'two' });
  expect(own.url).toBe(`https://4000-${sandbox.name}-my_app.preview.test/`);
  expect(again.url).toBe(own.url);
  expect((await listed(sandbox)).map(({ port, name }) => [port, name])).toEqual([
    [3000, undefined],
    [4000, 'two'],
  ]);
});

test('another host makes another URL, one of this machine without TLS', async () => {
  const sandbox = shortSandbox();
  expect((await preview(sandbox, 3000, { hostname: 'localhost:8787', token: 't' })).url).toBe(
    `http://3000-${sandbox.name}-t.localhost:8787/`,
  );
  expect((await preview(sandbox, 3000, { hostname: 'Apps.example.com', token: 't' })).url).toBe(
    `https://3000-${sandbox.name}-t.apps.example.com/`,
  );
});

test('a name that makes no label of a host is refused, with the longest that would', async () => {
  const longest = shortSandbox('a'.repeat(31));
  expect(new URL((await preview(longest, 3000)).url).host.split('.')[0]).toHaveLength(63);
  const sandbox = shortSandbox('a'.repeat(32));
  const refused = await sandbox.call('/previews', { body: { port: 3000 } });
  const { error } = await refused.json<{ error: { code: string; message: string; details: object } }>();
  expect([refused.status, error.code, error.details]).toEqual([400, 'NAME_TOO_LONG', { longest: 31 }]);
  expect(error.message).toContain('at most 31');
  expect((await preview(sandbox, 3000, { token: 'short' })).port).toBe(3000);
});

test('a name with dashes and digits is told from port and token', async () => {
  for (const name of ['3000-4000-x', 'a--b-', '1-2']) {
    const sandbox = shortSandbox(name);
    const port = await startServer(sandbox);
    const { url } = await preview(sandbox, port);
    expect((await visit(url)).status, name).toBe(200);
    await sandbox.call('', { method: 'DELETE' });
  }
});

test('what makes no sense, and whoever lacks the key, makes no preview', async () => {
  const sandbox = shortSandbox();
  for (const body of [
    {},
    { port: 0 },
    { port: 65_536 },
    { port: '80' },
    { port: 80, token: 'A' },
    { port: 80, token: 'a-b' },
    { port: 80, token: '' },
    { port: 80, expiresInSeconds: 0 },
    { port: 80, hostname: 'a/b' },
    { port: 80, wake: true },
  ]) {
    const response = await sandbox.call('/previews', { body });
    expect([response.status, await codeOf(response)], JSON.stringify(body)).toEqual([400, 'INVALID_REQUEST']);
  }
  expect((await sandbox.call('')).status).toBe(404);
  const tokens = await sandbox.call('/tokens', { body: { access: 'write', expiresInSeconds: 60 } });
  const { token } = await tokens.json<{ token: string }>();
  expect((await sandbox.call('/previews', { body: { port: 80 }, token })).status).toBe(403);
  expect((await sandbox.call('/previews/80', { method: 'DELETE', token })).status).toBe(403);
  expect((await sandbox.call('/previews', { token })).status).toBe(200);
});

test('a sandbox has so many previews and no more', async () => {
  const sandbox = shortSandbox();
  for (let port = 1; port <= 64; port += 1) await preview(sandbox, port);
  const refused = await sandbox.call('/previews', { body: { port: 65 } });
  expect([refused.status, await codeOf(refused)]).toEqual([429, 'TOO_MANY_PREVIEWS']);
  const { url } = (await (
    await sandbox.call('/previews/1', { method: 'DELETE' })
  )
    .text()
    .then(() => preview(sandbox, 65))) as Preview;
  expect(url).toContain('65-');
});

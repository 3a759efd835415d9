// Servers in a sandbox through the Worker: who may reach them, and what becomes of it when the sandbox sleeps.
import { runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';
import { codeOf, newSandbox, ORIGIN } from './harness/api.ts';
import { info, stubOf } from './harness/generations.ts';
import { startServer, visit } from './harness/port-server.ts';
import { until } from './harness/until.ts';

test('whoever may write reaches a server, whoever may read only sees that it listens', async () => {
  const sandbox = newSandbox();
  const port = await startServer(sandbox);
  const reader = await sandbox.token('read');
  const listed = await sandbox.call('/ports', { token: reader });
  expect((await listed.json<{ ports: { port: number }[] }>()).ports.map((one) => one.port)).toEqual([port]);
  const refused = await sandbox.call(`/ports/${port}/`, { token: reader });
  expect([refused.status, await codeOf(refused)]).toEqual([403, 'FORBIDDEN']);
  const other = await newSandbox().token('write');
  expect((await sandbox.call(`/ports/${port}/`, { token: other })).status).toBe(403);
  expect((await sandbox.call(`/ports/${port}/`, { token: null })).status).toBe(401);
  const writer = await sandbox.token('write');
  const answer = await sandbox.call(`/ports/${port}/a%2Fb?c=%20`, {
    token: writer,
    headers: { cookie: 'a=1' },
  });
  const { url, rawHeaders } = await answer.json<{ url: string; rawHeaders: string[] }>();
  expect(url).toBe('/a%2Fb?c=%20');
  expect(JSON.stringify(rawHeaders)).not.toContain(writer);
  expect(JSON.stringify(rawHeaders)).not.toMatch(/cookie|Bearer|x-holdfast/i);
  const redirect = await visit(`${ORIGIN}/v1/sandboxes/${sandbox.name}/ports/${port}/redirect?to=/x`, {
    headers: { authorization: `Bearer ${writer}` },
  });
  expect([redirect.status, redirect.headers.get('set-cookie')]).toEqual([302, null]);
});

test('a path that no text is goes through, and HEAD as well', async () => {
  const sandbox = newSandbox();
  const port = await startServer(sandbox);
  const answer = await sandbox.call(`/ports/${port}/%e4%zz`);
  expect((await answer.json<{ url: string }>()).url).toBe('/%e4%zz');
  const head = await sandbox.call(`/ports/${port}/any`, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-type')]).toEqual([200, 'application/json']);
  for (const wrong of ['0', '65536', '080', 'x', '%38080']) {
    expect(await codeOf(await sandbox.call(`/ports/${wrong}/`)), wrong).toBe('INVALID_REQUEST');
  }
});

test('a sandbox that sleeps is not woken for a server that cannot be there', async () => {
  const sandbox = newSandbox();
  for (const rest of ['/ports/3000/', '/ports/3000']) {
    const answer = await sandbox.call(rest);
    expect([answer.status, await codeOf(answer)]).toEqual([502, 'PORT_NOT_LISTENING']);
    expect(answer.headers.get('x-holdfast-error')).toBe('PORT_NOT_LISTENING');
  }
  expect(await (await sandbox.call('/ports')).json()).toEqual({ ports: [] });
  expect((await sandbox.call('')).status).toBe(404);
});

test('a WebSocket reaches its server, and keeps even a sandbox awake that sleeps whatever runs', async () => {
  const sandbox = newSandbox();
  const port = await startServer(sandbox);
  await sandbox.call('', { method: 'PATCH', body: { sleepAfter: { after: 3600, force: true } } });
  const goesIdle = () => runInDurableObject(stubOf(sandbox), (instance) => instance.onActivityExpired());
  const answer = await sandbox.call(`/ports/${port}/chat`, { headers: { upgrade: 'websocket' } });
  expect(answer.status).toBe(101);
  const socket = answer.webSocket!;
  socket.accept();
  const said = new Promise((heard) => socket.addEventListener('message', ({ data }) => heard(data)));
  socket.send('hello');
  expect(await said).toBe('hello');
  await goesIdle();
  expect((await info(sandbox)).state).toBe('running');
  socket.close(1000);
  await until('it sleeps', async () => {
    await goesIdle();
    return (await info(sandbox)).state === 'stopped';
  });
});

test("events that are read keep the sandbox awake, and their reader's departure reaches the server", async () => {
  const sandbox = newSandbox();
  const port = await startServer(sandbox);
  await sandbox.call('', { method: 'PATCH', body: { sleepAfter: { after: 3600, force: true } } });
  const goesIdle = () => runInDurableObject(stubOf(sandbox), (instance) => instance.onActivityExpired());
  const answer = await sandbox.call(`/ports/${port}/events?id=a`);
  const reader = answer.body!.getReader();
  await reader.read();
  await goesIdle();
  expect((await info(sandbox)).state).toBe('running');
  await reader.cancel();
  await until('the server noticed', async () =>
    (await (await sandbox.call(`/ports/${port}/left`)).text()).includes('a'),
  );
});

test("a server's own 503 and its small answers are handed on as they are", async () => {
  const sandbox = newSandbox();
  const port = await startServer(sandbox);
  for (const status of [503, 500, 404]) {
    const answer = await sandbox.call(`/ports/${port}/status?status=${status}`);
    expect([answer.status, await answer.text(), answer.headers.has('x-holdfast-error')]).toEqual([
      status,
      'said so',
      false,
    ]);
  }
});

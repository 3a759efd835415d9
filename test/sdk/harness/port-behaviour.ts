// What servers in a sandbox are for its user, the same over every way to it.
import { readFileSync } from 'node:fs';
import { test as base, expect } from 'vitest';
import { errorCode, type Sandbox } from '../../../sdk/index.ts';
import { rejection } from './collect.ts';

const SOURCE = readFileSync(new URL('../../e2e/fixtures/port-server.mjs', import.meta.url), 'utf8');

export function portBehaviour(sandboxOf: () => Sandbox): void {
  const test = base.extend<{ port: number }>({
    port: async ({ task: _ }, use) => {
      const path = `/tmp/port-server-${crypto.randomUUID()}.mjs`;
      await sandboxOf().writeFile(path, SOURCE);
      const server = await sandboxOf().startProcess(`node ${path}`);
      const { groups } = await server.waitForOutput(/listening (\d+)/, { timeoutMs: 10_000 });
      await use(Number(groups[0]));
      await server.kill({ graceMs: 0 });
      await sandboxOf().deleteFile(path);
    },
  });

  test('what listens is listed with the process that it belongs to', async ({ port }) => {
    const [listed] = (await sandboxOf().ports()).filter((one) => one.port === port);
    expect(listed).toMatchObject({ address: '127.0.0.1', sessionId: 'default' });
    const { command } = await sandboxOf().getCommand(listed!.commandId!);
    expect(command).toContain('port-server');
  });

  test('a request goes to the server as it is, and its answer comes as it is', async ({ port }) => {
    const headers = { authorization: 'Bearer of-the-app', 'x-mine': 'yes' };
    const seen = await sandboxOf().fetchPort(new Request('http://app/a%2Fb?c=%20', { headers }), port);
    const { url, rawHeaders } = (await seen.json()) as { url: string; rawHeaders: string[] };
    expect(url).toBe('/a%2Fb?c=%20');
    expect(rawHeaders).toEqual(expect.arrayContaining(['Bearer of-the-app', 'yes']));
    const body = 'x'.repeat(100_000);
    const echoed = await sandboxOf().fetchPort(new Request('http://app/echo', { method: 'PUT', body }), port);
    expect(await echoed.text()).toBe(body);
    const failed = await sandboxOf().fetchPort(new Request('http://app/status?status=503'), port);
    expect([failed.status, await failed.text()]).toEqual([503, 'said so']);
    const redirect = await sandboxOf().fetchPort(new Request('http://app/redirect?to=/x'), port);
    expect([redirect.status, redirect.headers.get('location')]).toEqual([302, '/x']);
  });

  test('what Holdfast itself answers is told from what the server does, and a signal ends the request', async ({
    port,
  }) => {
    const nobody = await sandboxOf().fetchPort(new Request('http://app/'), 1);
    expect([nobody.status, nobody.headers.get('x-holdfast-error')]).toEqual([502, 'PORT_NOT_LISTENING']);
    const leaving = new AbortController();
    const { signal } = leaving;
    const events = await sandboxOf().fetchPort(new Request('http://app/events?id=1', { signal }), port);
    const reader = events.body!.getReader();
    await reader.read();
    leaving.abort(new Error('enough'));
    await expect(
      (async () => {
        while (!(await reader.read()).done);
      })(),
    ).rejects.toThrow('enough');
    const plain = sandboxOf().wsConnect(new Request('http://app/'), port);
    expect(errorCode(await rejection(plain))).toBe('INVALID_REQUEST');
  });
}

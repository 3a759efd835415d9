// The ways to a sandbox: URL, service binding, Durable Object, bare engine.
import { expect, test } from 'vitest';
import { connectEngine, errorCode, getSandbox, Holdfast } from '../../sdk/index.ts';
import { impatient } from './harness/retry.ts';
import { type Served, sendJson, serve } from './harness/serve.ts';

const sessions = (): Promise<Served> => serve((res) => sendJson(res, 200, { sessions: [] }));
const codeOf = (act: () => unknown) => {
  try {
    act();
    return undefined;
  } catch (error) {
    return errorCode(error);
  }
};

test('a URL may have a path and a slash at its end', async () => {
  const { url, asked } = await sessions();
  await new Holdfast({ url: `${url}/holdfast/`, apiKey: 'k' }).sandbox('s1').listSessions();
  await new Holdfast({ url: new URL(url), apiKey: 'k' }).sandbox('s1').listSessions();
  expect(asked.map(({ path }) => path)).toEqual([
    '/holdfast/v1/sandboxes/s1/sessions',
    '/v1/sandboxes/s1/sessions',
  ]);
});

test('a service binding is asked in place of the network, key included', async () => {
  const { url, asked } = await sessions();
  const binding = {
    calls: 0,
    fetch(input: string, init?: RequestInit) {
      this.calls += 1;
      return fetch(input.replace('https://holdfast', url), init);
    },
  };
  await new Holdfast({ binding, apiKey: 'k' }).sandbox('s1').listSessions();
  expect(binding.calls).toBe(1);
  expect(asked[0]).toMatchObject({
    path: '/v1/sandboxes/s1/sessions',
    headers: { authorization: 'Bearer k' },
  });
});

test('a fetch of your own is used', async () => {
  const { url } = await sessions();
  const seen: string[] = [];
  const own = (input: string, init?: RequestInit) => {
    seen.push(input);
    return fetch(input, init);
  };
  await new Holdfast({ url, apiKey: 'k', fetch: own }).sandbox('s1').listSessions();
  expect(seen).toEqual([`${url}/v1/sandboxes/s1/sessions`]);
});

test('inside the Worker a sandbox is its Durable Object: the engine’s paths, no key, a new stub each time', async () => {
  const { url, asked } = await serve((res, _asked, nth) => {
    if (nth === 0) res.destroy();
    else sendJson(res, 200, { sessions: [] });
  });
  const stubs: string[] = [];
  const namespace = {
    idFromName: (name: string) => ({ name }),
    get(id: { name: string }) {
      stubs.push(id.name);
      return {
        fetch: (input: string, init?: RequestInit) => fetch(input.replace('http://sandbox', url), init),
      };
    },
  };
  const sandbox = getSandbox(namespace, 'agent-7', { retry: impatient() });
  expect(sandbox.id).toBe('agent-7');
  expect(await sandbox.listSessions()).toEqual([]);
  expect(stubs).toEqual(['agent-7', 'agent-7']);
  expect(asked.map(({ path }) => path)).toEqual(['/sessions', '/sessions']);
  expect(asked[0]!.headers.authorization).toBeUndefined();
});

test('an engine is asked without prefix, with its token where it has one', async () => {
  const { url, asked } = await sessions();
  await connectEngine(url).listSessions();
  await connectEngine(url, { token: 't' }).listSessions();
  expect(asked.map(({ path, headers }) => [path, headers.authorization])).toEqual([
    ['/sessions', undefined],
    ['/sessions', 'Bearer t'],
  ]);
});

test('what is no address or no sandbox name is refused before anything is sent', () => {
  expect(codeOf(() => new Holdfast({ apiKey: 'k' }))).toBe('INVALID_REQUEST');
  expect(codeOf(() => new Holdfast({ url: 'example.com', apiKey: 'k' }))).toBe('INVALID_REQUEST');
  expect(codeOf(() => new Holdfast({ url: 'ftp://example.com', apiKey: 'k' }))).toBe('INVALID_REQUEST');
  expect(codeOf(() => connectEngine('localhost'))).toBe('INVALID_REQUEST');
  const binding = { fetch };
  expect(codeOf(() => new Holdfast({ url: 'http://x', binding, apiKey: 'k' }))).toBe('INVALID_REQUEST');
  const holdfast = new Holdfast({ binding, apiKey: 'k' });
  for (const name of ['', '..', 'A', 'a/b', '-a', 'a'.repeat(64)]) {
    expect(
      codeOf(() => holdfast.sandbox(name)),
      name,
    ).toBe('INVALID_REQUEST');
  }
  const namespace = { idFromName: (name: string) => name, get: () => binding };
  expect(codeOf(() => getSandbox(namespace, '../x'))).toBe('INVALID_REQUEST');
  expect(codeOf(() => holdfast.sandbox('a'.repeat(63)))).toBeUndefined();
});

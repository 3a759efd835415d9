// examples/worker in workerd, with real sandboxes.
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import example, * as exported from '../../examples/worker/index.ts';
import { getSandbox } from '../../sdk/index.ts';
import * as worker from '../../worker/index.ts';

const bindings = { ...env, USERS: { 'Bearer let-me-in': 'example-alice' } };
const ask = (path: string, body: string, authorization = 'Bearer let-me-in') =>
  example.fetch(
    new Request(`https://site.test${path}`, { method: 'POST', body, headers: { authorization } }),
    bindings,
  );

test('the Worker of the example lets its users in, runs and streams, and keeps their state', async () => {
  expect((await ask('/run', 'true', 'Bearer guessed')).status).toBe(401);
  await ask('/run', 'cd /tmp; word=hello');
  const answer = await ask('/run', 'echo $word from $PWD; echo no >&2; (exit 3)');
  expect(await answer.json()).toEqual({ exitCode: 3, stdout: 'hello from /tmp\n', stderr: 'no\n' });
  expect(await (await ask('/stream', 'echo one; sleep 0.1; echo $word')).text()).toBe('one\nhello\n');
  expect((await ask('/elsewhere', '')).status).toBe(404);
  const left = (await ask('/stream', 'echo begun; sleep 60')).body?.getReader();
  expect(new TextDecoder().decode((await left?.read())?.value)).toBe('begun\n');
  await left?.cancel();
  const sandbox = getSandbox(env.SANDBOX, 'example-alice');
  await expect.poll(async () => (await sandbox.listCommands())[0]?.exitCode, { timeout: 10_000 }).toBe(130);
  await sandbox.destroy();
});

test('it exports the class of the Durable Object', () => {
  expect(exported.Sandbox).toBe(worker.Sandbox);
  expect(exported.ContainerProxy).toBe(worker.ContainerProxy);
});

// Containers that the Durable Object can no longer use: another takes their place, and nothing waits for good.
import { runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';
import { newSandbox } from './harness/api.ts';
import { evict, info, saved, stubOf } from './harness/generations.ts';

test('one that was forgotten while it ran is replaced', async () => {
  const sandbox = newSandbox();
  await sandbox.exec('x=41; sleep 600 &');
  await saved(sandbox, 'default', 'x=');
  await runInDurableObject(stubOf(sandbox), (_, { storage }) =>
    storage.kv.put('holdfast_local_running', false),
  );
  await evict(sandbox);
  expect((await sandbox.exec('echo $x; jobs')).stdout).toBe('41\n');
  expect((await info(sandbox)).generation).toBe(2);
});

test('one whose engine is silent for a minute is replaced, and what waited for it is told', async () => {
  const sandbox = newSandbox();
  const engine = (await sandbox.exec('x=41; echo $PPID')).stdout.trim();
  await saved(sandbox, 'default', 'x=');
  await sandbox.exec(`(sleep 1; kill -STOP ${engine}) &`);
  const running = await sandbox.call('/sessions/default/exec', {
    body: { command: 'echo begun; sleep 600' },
    headers: { accept: 'text/event-stream' },
  });
  expect(await running.text()).toContain('COMMAND_LOST');
  const next = await sandbox.call('/sessions/default/exec', { body: { command: 'echo $x' } });
  expect(await next.json()).toMatchObject({ stdout: '41\n', shellRestarted: true });
  expect((await info(sandbox)).generation).toBe(2);
}, 150_000);

// Clones through the Worker: who may, what is refused before the engine hears of it, and where they go.
import { expect, test } from 'vitest';
import type { GitCloneResult } from '#protocol';
import { codeOf, newSandbox } from './harness/api.ts';
import { crash, rows, saved, type TestSandbox } from './harness/generations.ts';

const MAKE = `git init -q -b main "$at/src" && cd "$at/src" && git config user.name T && git config user.email t@example.com &&
  echo one > README && git add . && git commit -q -m one; cd ~-`;

/** A folder of its own with a repository `src` in it, which its user removes. */
async function withRepository(sandbox: TestSandbox): Promise<string> {
  const folder = (await sandbox.exec('mktemp -d')).stdout.trim();
  const { exitCode, stderr } = await sandbox.exec(MAKE, { env: { at: folder } });
  expect(exitCode, stderr).toBe(0);
  return folder;
}

test('a clone is answered, or streamed, and only a token to write may ask for it', async () => {
  const sandbox = newSandbox();
  const folder = await withRepository(sandbox);
  const body = { url: `${folder}/src`, dir: `${folder}/c` };
  const token = await sandbox.token('read');
  expect(await codeOf(await sandbox.call('/git/clone', { body, token }))).toBe('FORBIDDEN');
  const plain = await sandbox.call('/git/clone', { body });
  expect(await plain.json<GitCloneResult>()).toMatchObject({ dir: body.dir, branch: 'main' });
  expect(await codeOf(await sandbox.call('/git/clone', { body }))).toBe('FILE_EXISTS');
  const headers = { accept: 'text/event-stream' };
  const again = { ...body, url: `file://${folder}/src`, dir: `${folder}/d` };
  const streamed = await sandbox.call('/git/clone', { body: again, headers });
  expect(streamed.headers.get('content-type')).toBe('text/event-stream');
  const events = await streamed.text();
  expect(events).toMatch(/^event: progress\ndata: \{"type":"progress","phase":"[A-Z]/);
  expect(events).toMatch(/event: done\ndata: \{[^\n]*"branch":"main"\}\n\n$/);
  await sandbox.exec(`rm -rf ${folder}`);
});

test('what makes no sense is refused without a container, and without its credentials', async () => {
  const sandbox = newSandbox();
  for (const body of [
    { url: '-x' },
    { url: 'ext::id' },
    { url: 'https://example.com/r', auth: { password: 'hunter2\n' } },
    { url: 'https://example.com/r', auth: { passwrod: 'hunter2' } },
    { url: 'https://example.com/r', branch: '-b' },
    {},
  ]) {
    const response = await sandbox.call('/git/clone', { body });
    expect(response.status).toBe(400);
    expect(await response.text()).not.toContain('hunter2');
  }
  expect((await sandbox.call('')).status).toBe(404);
});

test('credentials are not in what the Durable Object keeps', async () => {
  const sandbox = newSandbox();
  const body = { url: 'http://127.0.0.1:1/r', auth: { username: 'ann', password: 'hunter2hunter2' } };
  const failed = await (await sandbox.call('/git/clone', { body })).text();
  expect(failed).toContain('GIT_FAILED');
  await sandbox.exec('true', { id: 'after' });
  const tables = await rows(sandbox, "SELECT name FROM sqlite_master WHERE type = 'table'");
  const kept = await Promise.all(
    tables
      .filter(({ name }) => !`${name}`.startsWith('_'))
      .map(({ name }) => rows(sandbox, `SELECT * FROM ${name}`)),
  );
  expect(kept.flat().length).toBeGreaterThan(0);
  expect(JSON.stringify(kept) + failed).not.toContain('hunter2');
});

test('after a lost container a clone goes where its session was', async () => {
  const sandbox = newSandbox();
  const folder = await withRepository(sandbox);
  await sandbox.call('/sessions', { body: { id: 'build' } });
  await sandbox.exec(`cd ${folder}`, {}, 'build');
  await saved(sandbox, 'build', folder);
  await crash(sandbox);
  const response = await sandbox.call('/git/clone', {
    body: { url: './src', dir: 'there', session: 'build' },
  });
  expect(await response.json<GitCloneResult>()).toMatchObject({ dir: `${folder}/there` });
  await sandbox.exec(`rm -rf ${folder}`);
});

// `holdfast/cloudflare` in a Worker that embeds it, on the real container: its core names, as that Worker calls them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleEngine } from '../../container/bundle.ts';
import { availablePort } from '../../container/local/free-port.ts';
import { removeContainers } from '../../container/local/remove-containers.ts';
import { startWranglerDev, type WranglerDev } from '../../container/local/wrangler-dev.ts';
import { target } from './harness/api.ts';

const CONFIG = join(import.meta.dirname, '../worker/programs/embedding/wrangler.jsonc');

describe.skipIf(target.name !== 'docker')('a Worker that embeds it (docker only)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-embedding-'));
  let wrangler: WranglerDev;
  let origin: string;

  beforeAll(async () => {
    await bundleEngine();
    const port = await availablePort(0);
    origin = `http://127.0.0.1:${port}`;
    const args = ['--config', CONFIG, '--enable-containers'];
    wrangler = startWranglerDev(port, folder, { vars: {}, args, verbose: false });
    await wrangler.ready;
  }, 300_000);

  afterAll(async () => {
    await wrangler.stop();
    removeContainers(join(folder, 'state'));
    rmSync(folder, { recursive: true });
  }, 30_000);

  const deed = async (name: string): Promise<unknown> => {
    const answer = await fetch(`${origin}/${name}`);
    expect(answer.status, answer.ok ? '' : wrangler.output()).toBe(200);
    return answer.json();
  };

  test('runs commands in a session that stays, and streams one', { timeout: 60_000 }, async () => {
    expect(await deed('commands')).toMatchObject({
      success: false,
      exitCode: 3,
      stdout: 'hello from /tmp\n',
      events: [{ type: 'start' }, { type: 'stdout', data: 'streamed\n' }, { type: 'complete', exitCode: 4 }],
    });
  });

  test('makes sessions, finds them and ends them', async () => {
    expect(await deed('sessions')).toEqual({ stdout: 'session all /usr\n', same: 'session\n' });
  });

  test('starts processes, reads their logs and kills them', async () => {
    expect(await deed('processes')).toEqual({
      listed: [{ id: 'one', status: 'running' }],
      stdout: 'up\n',
      last: 'exit',
      status: 'killed',
      all: 1,
    });
  });

  test('writes, moves, reads, lists and removes files', async () => {
    expect(await deed('files')).toEqual({ content: 'héllo\n', names: ['c.txt', 'deep'], exists: false });
  });
});

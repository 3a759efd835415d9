// What the sandbox's own git configuration can do to a clone, shown where a home of the test's own can be given.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { target } from './harness/api.ts';
import { MortalEngine } from './harness/mortal-engine.ts';
import { OwnEngine } from './harness/own-engine.ts';
import { until } from './harness/until.ts';

describe.runIf(target.name === 'engine')('with a configuration of the sandbox’s own', () => {
  let engine: OwnEngine;
  let home: string;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'holdfast-home-'));
    engine = await OwnEngine.start({ HOME: home });
    await engine.exec('default', 'git init -q -b main src && cd src && echo one > README && git add .');
    await engine.exec('default', 'git -c user.name=T -c user.email=t@example.com commit -q -m one; cd ..');
  });
  afterAll(async () => {
    await engine.stop();
    rmSync(home, { recursive: true, force: true });
  });

  test('no hook of a template is run', async () => {
    const hooks = join(home, 'template/hooks');
    mkdirSync(hooks, { recursive: true });
    writeFileSync(join(hooks, 'post-checkout'), `#!/bin/sh\necho ran > ${home}/hooked\n`, { mode: 0o755 });
    writeFileSync(join(home, '.gitconfig'), `[init]\n templateDir = ${home}/template\n`);
    expect((await engine.call('POST', '/git/clone', { url: 'src', dir: 'hookless' })).status).toBe(200);
    const shown = await engine.exec('default', `ls hookless/.git/hooks; ls ${home}/hooked`);
    expect(shown.stdout).toBe('post-checkout\n');
  });

  test('no credential helper and no rewritten address gets credentials', async () => {
    writeFileSync(
      join(home, '.gitconfig'),
      `[credential]\n helper = "!cat >> ${home}/caught; true"\n[url "http://127.0.0.1:9/elsewhere/"]\n insteadOf = http://127.0.0.1:1/\n`,
    );
    const body = {
      url: 'http://127.0.0.1:1/repo',
      dir: 'c',
      auth: { username: 'ann', password: 'hunter2hunter2' },
    };
    const { status, body: refused } = await engine.call<{ error: { message: string } }>(
      'POST',
      '/git/clone',
      body,
    );
    expect(status).toBe(422);
    expect(refused.error.message).toContain('127.0.0.1 port 1');
    expect((await engine.exec('default', `cat ${home}/caught`)).exitCode).toBe(1);
    // Without credentials it is in force, as for a git that is typed.
    const plain = await engine.call<{ error: { message: string } }>('POST', '/git/clone', {
      url: body.url,
      dir: 'c',
    });
    expect(plain.body.error.message).toContain('127.0.0.1 port 9');
  });

  test('an engine that ends takes its clones along', async () => {
    const hanging = createServer(() => {});
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
    const { port } = hanging.address() as AddressInfo;
    const own = await OwnEngine.start({ HOME: home });
    const asked = once(hanging, 'connection');
    const cloning = own.call('POST', '/git/clone', {
      url: `http://127.0.0.1:${port}/r`,
      dir: `${home}/lost`,
    });
    const failed = cloning.catch(() => 'cut');
    await asked;
    await own.stop();
    await failed;
    expect(existsSync(`${home}/lost`)).toBe(false);
    hanging.closeAllConnections();
    hanging.close();
  });

  test('an engine that is killed leaves nothing of its clones once the next one is there', async () => {
    const hanging = createServer(() => {});
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
    const { port } = hanging.address() as AddressInfo;
    const mortal = await MortalEngine.start({ HOME: home });
    const asked = once(hanging, 'connection');
    const dir = `${mortal.folder}/lost`;
    const cloning = mortal.call('POST', '/git/clone', { url: `http://127.0.0.1:${port}/r`, dir });
    const failed = cloning.catch(() => 'cut');
    await asked;
    await mortal.killAndRestart();
    await failed;
    const left = `cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -c "127.0.0.1:$port/""r"`;
    await until(
      async () => (await mortal.exec('default', left, { env: { port: `${port}` } })).stdout === '0\n',
    );
    expect(existsSync(dir) ? readdirSync(dir) : []).toEqual([]);
    await mortal.stop();
    hanging.closeAllConnections();
    hanging.close();
  });

  test('a sandbox without git says so', async () => {
    const empty = join(home, 'bin');
    mkdirSync(empty);
    for (const name of ['bash', 'node', 'mkfifo', 'sleep']) symlinkSync(which(name), join(empty, name));
    const own = await OwnEngine.start({ HOME: home, PATH: empty });
    const { status, body } = await own.call('POST', '/git/clone', { url: home, dir: 'c' });
    expect([status, body]).toMatchObject([501, { error: { code: 'GIT_NOT_INSTALLED' } }]);
    expect((await own.exec('default', '[ -e c ]')).exitCode).toBe(1);
    await own.stop();
  });
});

function which(name: string): string {
  return execFileSync('bash', ['-c', 'type -P "$0"', name], { encoding: 'utf8' }).trim();
}

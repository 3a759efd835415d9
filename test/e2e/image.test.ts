// The image by itself: its engine is kept alive, ends when it is told to, and can load compiled packages.
import { beforeAll, describe, expect, test } from 'vitest';
import { target } from './harness/api.ts';
import { buildImage, docker, runImage } from './harness/image.ts';
import { until } from './harness/until.ts';

describe.runIf(target.name === 'docker')('the image', () => {
  beforeAll(buildImage, 300_000);

  test('starts an engine again that was killed, and the shells live on', async () => {
    const container = await runImage();
    const engine = (await until(() => container.enginePid()))!;
    const shell = await container.print('echo $$');
    await docker('exec', container.id, 'bash', '-c', `kill -9 ${engine}`);
    const next = await until(() => container.enginePid());
    expect(next).not.toBe(engine);
    expect(await docker('exec', container.id, 'bash', '-c', `kill -0 ${shell} && echo alive`)).toBe('alive');
    expect(await container.logs()).toContain('supervise: the engine ended by signal 9: starting it again');
  });

  test('`docker stop` ends it with 0, long before the grace is over', async () => {
    const container = await runImage();
    await until(() => container.enginePid());
    await container.print('sleep 600 & setsid sleep 600 &');
    const before = performance.now();
    await docker('stop', '--time', '30', container.id);
    expect(performance.now() - before).toBeLessThan(15_000);
    expect(await container.end()).toBe(0);
    expect(await container.logs()).not.toContain('supervise:');
  });

  test('a wrong setting ends it at once, with 78 and one line', async () => {
    const container = await runImage(['--env', 'PORT=http']);
    expect(await container.end()).toBe(78);
    expect(await container.logs()).toBe('holdfast engine: PORT is not a number: http\n');
  });

  test('when memory runs out commands are killed, also where the engine is the largest of all', async () => {
    const container = await runImage(['--memory', '256m', '--memory-swap', '256m']);
    const engine = await until(() => container.enginePid());
    const killed = await container.print(`
      for _ in {1..60}; do python3 -c 'x = b"x" * 8_000_000; import time; time.sleep(600)' & done
      wait -n; echo $?`);
    expect(killed).toBe('137');
    expect(await container.enginePid()).toBe(engine);
    expect(await container.logs()).not.toContain('supervise:');
  });

  test('can load koffi from where the engine lies', async () => {
    const container = await runImage();
    const script =
      "const koffi = require('koffi'); console.log(koffi.load('libc.so.6').func('int getpid()')() === process.pid);";
    const run = 'echo "$1" >/opt/holdfast/script.cjs && exec node /opt/holdfast/script.cjs';
    expect(await docker('exec', container.id, 'bash', '-c', run, 'bash', script)).toBe('true');
  });
});

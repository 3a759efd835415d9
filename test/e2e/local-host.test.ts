// What `npm start` has in the place of a container: an engine that is kept alive, and an end after which nothing runs.
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { controlFolderInMemory } from '../../container/engine/control-folder.ts';
import { target } from './harness/api.ts';
import { enginePidOf, printOf } from './harness/ask-engine.ts';
import { isAlive, newFolder, processesOf, startHost } from './harness/local-host.ts';
import { startProgram } from './harness/program.ts';
import { until } from './harness/until.ts';

describe.runIf(target.name === 'embedded')('a container of the local host', () => {
  test('starts its engine again at the same port, with the same token, in the same folder; shells live on', async () => {
    const { start } = await startHost(newFolder());
    const container = await start('demo', { HOLDFAST_GENERATION: '7' });
    await container.print('echo kept >file');
    const shell = Number(await container.print('echo $$'));
    const engine = await container.enginePid();
    for (let deaths = 0, last = engine!; deaths < 10; deaths++) {
      process.kill(last, 'SIGKILL');
      const next = await until(() => container.enginePid(), 15_000);
      expect(next).not.toBe(last);
      last = next;
    }
    expect(isAlive(shell)).toBe(true);
    expect(await container.print('cat file')).toBe('kept');
    const health = await fetch(`http://127.0.0.1:${container.port}/health`);
    expect(await health.json()).toMatchObject({ generation: 7 });
  });

  test('answers again within a second and the time that a start takes', async () => {
    const { start } = await startHost(newFolder());
    const startedAt = performance.now();
    const container = await start('demo');
    await container.enginePid();
    const startMs = performance.now() - startedAt;
    process.kill((await container.enginePid())!, 'SIGKILL');
    const diedAt = performance.now();
    await until(() => container.enginePid(), 15_000);
    expect(performance.now() - diedAt).toBeLessThan(1_000 + 3 * startMs);
  });

  test('ends with 0 by SIGTERM, and nothing of it runs', async () => {
    const folder = newFolder();
    const { start, ask } = await startHost(folder);
    const container = await start('demo');
    await container.print('sleep 600 & setsid sleep 600 &');
    const end = container.end();
    await container.ask('POST', 'signal', { signal: 15 });
    expect(await end).toBe(0);
    expect(processesOf(folder)).toEqual([]);
    expect((await ask('demo', 'GET')).status).toBe(404);
  });

  test('ends with 137 by SIGKILL, with the shells of every engine that it had', async () => {
    const folder = newFolder();
    const { start } = await startHost(folder);
    const container = await start('demo');
    await container.print('sleep 600 &');
    process.kill((await container.enginePid())!, 'SIGKILL');
    const end = container.end();
    await container.ask('POST', 'signal', { signal: 9 });
    expect(await end).toBe(137);
    expect(processesOf(folder)).toEqual([]);
    // What it had in memory would stay there, and its name may never be used again.
    expect(existsSync(controlFolderInMemory(join(realpathSync(folder), 'demo', 'state')))).toBe(false);
    // The next start of it is a new one.
    const next = await start('demo');
    expect(await next.print('pwd')).toBe(join(realpathSync(folder), 'demo', 'workspace'));
  });

  test('SIGTERM while no engine runs ends it', async () => {
    const folder = newFolder();
    const { start } = await startHost(folder);
    const container = await start('demo');
    process.kill((await container.enginePid())!, 'SIGKILL');
    await until(async () => (await container.print('echo')) === undefined);
    const end = container.end();
    await container.ask('POST', 'signal', { signal: 15 });
    // It met a death that was not heard of yet, the pause, or the next start.
    expect([0, 137, 143]).toContain(await end);
    expect(processesOf(folder)).toEqual([]);
  });

  test('an engine that dies right after each start is given up, with its exit code', async () => {
    const folder = newFolder();
    const { start, ask } = await startHost(folder);
    // Node refuses it with 9 before anything of the engine runs.
    const started = start('demo', { NODE_OPTIONS: '--no-such-option' });
    const refused = expect(started).rejects.toThrow('engine.log');
    const end = await until(async () => {
      const answer = await ask('demo', 'GET', 'end');
      return answer.ok && ((await answer.json()) as { exitCode: number });
    }, 25_000);
    expect(end).toEqual({ exitCode: 9 });
    await refused;
    expect((await ask('demo', 'GET')).status).toBe(404);
    expect(processesOf(folder)).toEqual([]);
  });

  test('a wrong setting ends it at once, with 78', async () => {
    const { start, ask } = await startHost(newFolder());
    const refused = expect(start('demo', { HOLDFAST_IDLE_MS: 'long' })).rejects.toThrow('engine.log');
    const end = await until(async () => {
      const answer = await ask('demo', 'GET', 'end');
      return answer.ok && ((await answer.json()) as { exitCode: number });
    });
    expect(end).toEqual({ exitCode: 78 });
    await refused;
  });

  test('destroying it leaves no process and no file, also where its engine had been killed', async () => {
    const folder = newFolder();
    const { start } = await startHost(folder);
    const container = await start('demo');
    await container.print('trap "" TERM; sleep 600 & setsid sleep 600 &');
    process.kill((await container.enginePid())!, 'SIGKILL');
    await until(() => container.enginePid(), 15_000);
    expect((await container.ask('DELETE')).status).toBe(204);
    expect(processesOf(folder)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
    expect(existsSync(controlFolderInMemory(join(realpathSync(folder), 'demo', 'state')))).toBe(false);
  });

  test('ends when its host is killed, with the shells of an engine that had died', async () => {
    const folder = newFolder();
    const program = startProgram('test/e2e/harness/host-program.ts', { FOLDER: folder });
    const port = Number((await program.line((line) => line.startsWith('port '))).slice(5));
    const url = `http://127.0.0.1:${port}`;
    await printOf(url, 'sleep 600 & setsid sleep 600 &');
    const engine = (await enginePidOf(url))!;
    process.kill(engine, 'SIGKILL');
    await until(async () => ((await enginePidOf(url)) ?? engine) !== engine, 15_000);
    expect(processesOf(folder).length).toBeGreaterThan(2);
    program.child.kill('SIGKILL');
    await until(async () => processesOf(folder).length === 0, 15_000);
    // The next one finds nothing that runs, and cleans up.
    await startHost(folder);
    expect(readdirSync(folder)).toEqual([]);
    expect(existsSync(controlFolderInMemory(join(realpathSync(folder), 'demo', 'state')))).toBe(false);
  });
});

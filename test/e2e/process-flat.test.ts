// Processes leave nothing behind, and what nobody reads costs neither memory nor disk without bound.
// Only where the engine's process and files are ours to look at.
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { target } from './harness/api.ts';
import { residentBytes } from './harness/memory.ts';
import { startProcess } from './harness/process.ts';
import { startProgram } from './harness/program.ts';
import { createSession, test } from './harness/session.ts';
import { until } from './harness/until.ts';

const MB = 1_000_000;

/** Bytes of all files of one log; one may leave between the listing and the look. */
function bytesOnDisk(folder: string, id: string): number {
  const sizes = readdirSync(folder)
    .filter((name) => name.startsWith(`${id}.`))
    .map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0);
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** What the engine holds open of the files and FIFOs that it makes, and how many children it has. */
function held(pid: number) {
  const descriptors = readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return /holdfast/.test(readlinkSync(`/proc/${pid}/fd/${fd}`));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  });
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return { descriptors: descriptors.length, children: children.length };
}

/** Where the engine keeps its control files: the folder of a FIFO that it holds open. */
function controlFolder(pid: number): string {
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const path = readlinkSync(`/proc/${pid}/fd/${fd}`);
    if (path.endsWith('/fifos') || /\/fifos\/\d+$/.test(path)) return path.replace(/\/fifos.*$/, '');
  }
  throw new Error('the engine holds no FIFO');
}

describe.runIf(target.engine !== undefined)('the engine', () => {
  const { pid, stateDir } = target.engine ?? { pid: 0, stateDir: '' };

  test('adds at most 40 MB of memory, and 72 MB of disk, for 500 MB that nobody reads', {
    timeout: 120_000,
  }, async ({ session }) => {
    const print = (bytes: number) => `yes 'a line of output that is repeated' | head -c ${bytes}`;
    await (await startProcess(session, print(100 * MB))).end();
    const before = residentBytes(pid);
    let peak = before;
    let disk = 0;
    const process = await startProcess(session, print(500 * MB));
    await until(async () => {
      peak = Math.max(peak, residentBytes(pid));
      disk = Math.max(disk, bytesOnDisk(join(stateDir, 'logs'), process.id));
      return (await process.info()).state === 'settled';
    }, 90_000);
    expect((await process.info()).stdoutBytes).toBe(500 * MB);
    expect((peak - before) / MB).toBeLessThanOrEqual(40);
    expect(disk / 2 ** 20).toBeLessThanOrEqual(72);
    await process.delete();
    expect(bytesOnDisk(join(stateDir, 'logs'), process.id)).toBe(0);
  });

  test('keeps no FIFO, descriptor, file or child of 1,000 processes', { timeout: 120_000 }, async () => {
    const session = await createSession();
    const folder = controlFolder(pid);
    const counts = () => ({
      ...held(pid),
      fifos: readdirSync(join(folder, 'fifos')).length,
      files: readdirSync(join(folder, 'processes')).length + readdirSync(join(folder, 'exits')).length,
      logs: readdirSync(join(stateDir, 'logs')).length,
    });
    const round = async (count: number) => {
      const all = await Promise.all(
        Array.from({ length: count }, (_, i) =>
          // Some are killed, some fork, some print more than a file's worth, some take no stdin that is there.
          startProcess(
            session,
            ['true', 'kill $$', '(echo fork &); false', 'seq 1 5000', 'exec sleep 600'][i % 5]!,
            {
              stdinOpen: i % 2 === 0,
            },
          ),
        ),
      );
      await Promise.all(all.map((one, i) => (i % 5 === 4 ? one.terminate() : one.end())));
      await Promise.all(all.map((one) => one.delete()));
    };
    await round(50);
    const before = counts();
    for (let i = 0; i < 20; i++) await round(50);
    // FIFOs are kept for the next ones, 8 at most, with three descriptors and a spool each, made 16 at a time for one
    // holder: how many is a matter of timing.
    const slack = { descriptors: 48, children: 12, fifos: 64, files: 0, logs: 0 };
    for (const name of Object.keys(slack) as (keyof typeof slack)[])
      await expect
        .poll(() => counts()[name], { message: name, timeout: 10_000 })
        .toBeLessThanOrEqual(before[name] + slack[name]);
    await session.delete();
  });
});

describe.runIf(target.engine !== undefined)('an engine that keeps what ended for a short while', () => {
  test('forgets a finished process after it, and none that is asked about or runs', {
    timeout: 60_000,
  }, async ({ folder }) => {
    const IDLE_MS = 1_000;
    const program = startProgram('container/engine/main.ts', {
      PORT: '0',
      HOLDFAST_STATE_DIR: join(folder, 'state'),
      HOLDFAST_WORKDIR: folder,
      HOLDFAST_IDLE_MS: String(IDLE_MS),
    });
    try {
      const line = await program.line((text) => text.startsWith('{"listening"'));
      const url = `http://127.0.0.1:${(JSON.parse(line) as { listening: { port: number } }).listening.port}`;
      const call = (method: string, path: string, body?: object) =>
        fetch(`${url}${path}`, { method, body: body && JSON.stringify(body) });
      const start = async (id: string, command: string) =>
        expect((await call('POST', '/processes', { id, command })).status).toBe(201);
      await start('asked', 'seq 1 5000; exit 3');
      await start('silent', 'seq 1 5000');
      await start('running', 'sleep 600');
      await start('held', 'sleep 600 & exit 4');
      const list = async () => {
        const { processes } = (await (await call('GET', '/processes')).json()) as {
          processes: { id: string }[];
        };
        return processes.map(({ id }) => id);
      };
      // The list is no question about one of them; a poll is.
      await until(async () => {
        const page = (await (await call('GET', '/processes/asked/output')).json()) as { exitCode: number };
        expect(page).toMatchObject({ lostBytes: 0 });
        return !(await list()).includes('silent');
      }, 15_000);
      expect((await list()).toSorted()).toEqual(['asked', 'held', 'running']);
      expect(await (await call('GET', '/processes/asked/output')).json()).toMatchObject({ exitCode: 3 });
      expect((await call('GET', '/processes/silent')).status).toBe(404);
      expect((await call('GET', '/commands/silent')).status).toBe(410);
      expect((await call('POST', '/processes', { id: 'silent', command: 'seq 1 5000' })).status).toBe(410);
      expect(bytesOnDisk(join(folder, 'state', 'logs'), 'silent')).toBe(0);
      await until(async () => !(await list()).includes('asked'), 15_000);
      expect((await list()).toSorted()).toEqual(['held', 'running']);
    } finally {
      await program.stop();
    }
  });
});

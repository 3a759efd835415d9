// The engine stays small: memory does not grow with output, and execs leave nothing behind.
// Only where the engine's process and files are ours to look at.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, expect } from 'vitest';
import type { CommandInfo } from '#protocol';
import { api, target } from './harness/api.ts';
import { bytesOf, stream } from './harness/events.ts';
import { residentBytes } from './harness/memory.ts';
import { createSession, test } from './harness/session.ts';
import { until } from './harness/until.ts';

const MB = 1_000_000;

/** The highest memory of the engine while `run` goes on. */
async function peakMemory(pid: number, run: () => Promise<void>): Promise<number> {
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, residentBytes(pid));
  }, 10);
  await run().finally(() => clearInterval(timer));
  return Math.max(peak, residentBytes(pid));
}

/** Every process below `pid`. */
function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readStat(name);
    if (stat !== undefined)
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const isBelow = (child: number): boolean => {
    const parent = parents.get(child);
    return parent === pid || (parent !== undefined && parent !== 0 && isBelow(parent));
  };
  return [...parents.keys()].filter(isBelow);
}

/** Undefined for a process that ended between the listing and the read. */
function readStat(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** Open descriptors but for sockets: how many connections a client keeps is its own affair. */
function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return !readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }).length;
}

describe.runIf(target.engine !== undefined)('the engine', () => {
  const { pid, stateDir } = target.engine ?? { pid: 0, stateDir: '' };

  const PRINT_200_MB = "yes 'a line of output that is repeated' | head -c 200000000";

  test('adds at most 40 MB for 200 MB of output that a client streams', { timeout: 120_000 }, async ({
    session,
  }) => {
    const run = async (command: string) => {
      for await (const _ of await stream(session.id, { command }));
    };
    await run('seq 1 100000');
    const before = residentBytes(pid);
    const added = (await peakMemory(pid, () => run(PRINT_200_MB))) - before;
    expect(added / MB).toBeLessThanOrEqual(40);
  });

  test('adds at most 40 MB for 200 MB of output that nobody reads', { timeout: 120_000 }, async ({
    session,
  }) => {
    const warm = await api('POST', `/sessions/${session.id}/exec`, { command: 'seq 1 2000000' });
    expect(warm.status).toBe(200);
    const before = residentBytes(pid);
    const run = async () => {
      await session.exec(`${PRINT_200_MB} >&2`);
    };
    const added = (await peakMemory(pid, run)) - before;
    expect(added / MB).toBeLessThanOrEqual(40);
  });

  test('adds at most 40 MB for a client that stops reading until the end', { timeout: 120_000 }, async ({
    session,
  }) => {
    const id = `slow-${crypto.randomUUID()}`;
    const before = residentBytes(pid);
    let bytes = 0;
    const run = async () => {
      const events = await stream(session.id, { command: PRINT_200_MB, id });
      await events.next();
      const state = async () => (await api<CommandInfo>('GET', `/commands/${id}`)).body.state;
      await until(async () => (await state()) === 'exited', 60_000);
      for await (const event of events) bytes += bytesOf(event).length;
    };
    const added = (await peakMemory(pid, run)) - before;
    expect(bytes).toBe(200 * MB);
    expect(added / MB).toBeLessThanOrEqual(40);
  });

  test('keeps no file, descriptor or process of 10,000 execs', { timeout: 240_000 }, async () => {
    const sessions = await Promise.all(Array.from({ length: 4 }, () => createSession()));
    const run = (count: number) =>
      Promise.all(
        sessions.map(async (session, index) => {
          for (let i = index; i < count; i += sessions.length) {
            // Some fork, some fail, some end their shell.
            await session.exec(i % 500 === 0 ? 'exit 3' : i % 50 === 0 ? '(echo fork); false' : 'echo x');
          }
        }),
      );
    const counts = () => ({
      files: readdirSync(stateDir, { recursive: true }).length,
      descriptors: descriptors(pid),
      processes: descendants(pid).length,
    });
    // More than are kept when finished, so that both counts are of a full table.
    await run(1_500);
    const before = counts();
    await run(10_000);
    await expect.poll(() => counts().processes, { timeout: 10_000 }).toBeLessThanOrEqual(before.processes);
    await expect
      .poll(() => counts().descriptors, { timeout: 10_000 })
      .toBeLessThanOrEqual(before.descriptors + 2);
    await expect.poll(() => counts().files, { timeout: 10_000 }).toBeLessThanOrEqual(before.files + 10);
    for (const session of sessions) await session.delete();
    await expect.poll(() => counts().processes).toBeLessThan(before.processes);
  });

  test('remembers an expired id, and never runs it a second time', { timeout: 60_000 }, async ({
    session,
  }) => {
    const id = `expires-${crypto.randomUUID()}`;
    await session.exec('true', { id });
    for (let i = 0; i < 1_001; i++) await session.exec('true');
    const again = await api('POST', `/sessions/${session.id}/exec`, { command: 'true', id });
    expect(again).toMatchObject({ status: 410, body: { error: { code: 'COMMAND_EXPIRED' } } });
    expect((await api('GET', `/commands/${id}`)).status).toBe(410);
  });
});

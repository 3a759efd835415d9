// Many sessions: how many commands a second they run together, and how long a new one takes to its first result.
import { randomUUID } from 'node:crypto';
import type { BenchEngine } from '../engine/engine.ts';
import { CapturedBash, makeFifos, removeFifos } from '../floor/captured-bash.ts';
import type { Samples } from '../result/figure.ts';
import { alternate, type Rounds, type Subject } from './alternate.ts';
import type { Wanted } from './latency.ts';

const SESSIONS = 50;

export async function measureRate(
  engine: BenchEngine,
  seconds: number,
  rounds: Rounds,
  wanted: Wanted,
): Promise<Samples[]> {
  const folders = Array.from({ length: SESSIONS }, makeFifos);
  const shells = await Promise.all(folders.map((folder) => CapturedBash.start(folder)));
  const sessions = await Promise.all(
    folders.map(async (_, index) => {
      const id = `rate-${index}`;
      await engine.connection().call('POST', '/sessions', { body: { id } });
      return { connection: engine.connection(), path: `/sessions/${id}/exec` };
    }),
  );
  const rate = (id: string, what: string, runs: (() => Promise<unknown>)[]): Subject => ({
    id,
    what,
    unit: 'commands/s',
    act: () => perSecond(runs, seconds),
  });
  const subjects = [
    rate(
      'floor-rate',
      `${SESSIONS} shells over FIFOs`,
      shells.map((shell) => () => shell.run('echo hello')),
    ),
    rate(
      'rate',
      `${SESSIONS} sessions`,
      sessions.map(
        ({ connection, path }) =>
          () =>
            connection.call('POST', path, { body: { command: 'echo hello' } }),
      ),
    ),
  ];
  try {
    return await alternate(
      subjects.filter(({ id }) => wanted(id)),
      rounds,
    );
  } finally {
    for (const shell of shells) shell.end();
    for (const folder of folders) removeFifos(folder);
    for (const { connection } of sessions) connection.close();
    for (const [index] of sessions.entries()) await engine.http.call('DELETE', `/sessions/rate-${index}`);
  }
}

/** Each runs again as soon as it is done, all of them at once. */
async function perSecond(runs: (() => Promise<unknown>)[], seconds: number): Promise<number> {
  const began = performance.now();
  let done = 0;
  await Promise.all(
    runs.map(async (run) => {
      while (performance.now() - began < seconds * 1_000) {
        await run();
        done += 1;
      }
    }),
  );
  return (done * 1_000) / (performance.now() - began);
}

export async function measureSessionStart(
  engine: BenchEngine,
  rounds: Rounds,
  wanted: Wanted,
): Promise<Samples[]> {
  const fifos = makeFifos();
  const floor: Subject = {
    id: 'floor-session',
    what: 'a bash started and its first command',
    unit: 'ms',
    async act() {
      const began = performance.now();
      const bash = await CapturedBash.start(fifos);
      const ms = performance.now() - began;
      bash.end();
      return ms;
    },
  };
  const ours: Subject = {
    id: 'session',
    what: 'a session created and its first command',
    unit: 'ms',
    async act() {
      const id = `new-${randomUUID()}`;
      const began = performance.now();
      await engine.http.call('POST', '/sessions', { body: { id } });
      await engine.http.call('POST', `/sessions/${id}/exec`, { body: { command: ':' } });
      const ms = performance.now() - began;
      await engine.http.call('DELETE', `/sessions/${id}`);
      return ms;
    },
  };
  try {
    return await alternate(
      [floor, ours].filter(({ id }) => wanted(id)),
      rounds,
    );
  } finally {
    removeFifos(fifos);
  }
}

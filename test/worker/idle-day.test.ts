import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, expect, test, vi } from 'vitest';
import { newSandbox } from './harness/api.ts';
import { info, rows, saved, stubOf, type TestSandbox } from './harness/generations.ts';
import { until } from './harness/until.ts';

const DAY_MS = 24 * 3_600_000;
/** A little more than `sleepAfter`, so that every alarm finds that it has passed. */
const STEP_MS = 11 * 60_000;

afterEach(() => {
  vi.restoreAllMocks();
});

const TABLES = [
  'sandbox',
  'sessions',
  'saved_sessions',
  'commands',
  'command_ids',
  'kept_events',
  'container_schedules',
];

async function stored(sandbox: TestSandbox): Promise<Record<string, unknown>> {
  const counts: Record<string, unknown> = {};
  for (const table of TABLES) {
    counts[table] = (await rows(sandbox, `SELECT count(*) AS count FROM ${table}`))[0]?.count;
  }
  return counts;
}

/** Lets a day pass for the clock, and every alarm that is set in it go off. Returns how many did. */
async function dayPasses(sandbox: TestSandbox): Promise<number> {
  const now = Date.now.bind(Date);
  let passedMs = STEP_MS;
  vi.spyOn(Date, 'now').mockImplementation(() => now() + passedMs);
  let alarms = 0;
  for (; passedMs < DAY_MS; passedMs += STEP_MS) {
    if (await runDurableObjectAlarm(stubOf(sandbox))) alarms += 1;
  }
  return alarms;
}

for (const [what, keepAlive] of [
  ['sleeps', false],
  ['is kept awake', true],
] as const) {
  test(`a day in which nothing happens leaves the storage of a sandbox that ${what} as it was`, async () => {
    const sandbox = newSandbox();
    await sandbox.call('', { method: 'PATCH', body: { keepAlive, sleepAfter: '10m' } });
    await sandbox.exec('x=kept', { id: 'a' });
    await saved(sandbox, 'default', 'kept');
    await until('all is kept', async () => (await stored(sandbox)).kept_events === 1);
    const before = await stored(sandbox);
    const alarms = await dayPasses(sandbox);
    expect((await info(sandbox)).state).toBe(keepAlive ? 'running' : 'stopped');
    expect(await stored(sandbox)).toEqual(before);
    // Awake it is looked after now and then; asleep nothing is left that would go off.
    expect(alarms).toBeGreaterThan(0);
    expect(alarms).toBeLessThanOrEqual(keepAlive ? DAY_MS / STEP_MS : 4);
    if (!keepAlive) expect(await runDurableObjectAlarm(stubOf(sandbox))).toBe(false);
    vi.restoreAllMocks();
    expect((await sandbox.exec('echo $x')).stdout).toBe('kept\n');
  });
}

test('pulling what has not changed writes nothing', async () => {
  const sandbox = newSandbox();
  await sandbox.exec('true', { id: 'a' });
  await until('all is kept', async () => (await stored(sandbox)).kept_events === 1);
  const { Store } = await import('../../worker/store/store.ts');
  await runInDurableObject(stubOf(sandbox), (_, { storage }) => {
    const store = new Store(storage);
    const told = store.sessions.kept().map((session) => ({ ...session, checkpoint: 1 }));
    const idle = {
      cursor: 1,
      generation: 1,
      commands: [],
      more: false,
      liveProcesses: 0,
      openSockets: 0,
      watchedTerminals: 0,
      sessions: told,
      saved: [],
      pending: false,
    };
    const changes = () => Number(storage.sql.exec('SELECT total_changes() AS n').one().n);
    const before = changes();
    for (let i = 0; i < 100; i += 1) {
      store.sessions.beginPull();
      store.apply(idle);
    }
    expect(changes()).toBe(before);
  });
});

// Sessions: each is what its model says, and no other is there.
import type { SessionList } from '#protocol';
import type { Driver } from '../driver.ts';
import type { World } from '../world.ts';

export async function checkSessions(world: World, drivers: readonly Driver[]): Promise<void> {
  const { api, report } = world;
  await Promise.all(drivers.map((driver) => driver.showState()));
  const { sessions } = await api.json<SessionList>('/sessions');
  const expected = ['default', ...drivers.map(({ id }) => id)].sort();
  const got = sessions.map(({ id }) => id).sort();
  report.count('checks', 'list of sessions');
  if (got.join() !== expected.join()) {
    report.violation({ rule: 'the sessions are those that were made', expected, got });
  }
  const busy = sessions.filter(
    ({ runningCommand, queueLength }) => runningCommand !== null || queueLength > 0,
  );
  if (busy.length > 0) report.violation({ rule: 'nothing runs once all has ended', got: busy });
}

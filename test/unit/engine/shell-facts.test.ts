// What is known of a session's shell goes from one engine to the next, and no number of a run is ever used twice.
import { expect, test } from 'vitest';
import type { SessionState } from '../../../container/engine/journal/state.ts';
import { ShellFacts } from '../../../container/engine/session/shell-facts.ts';

const begun: SessionState = {
  id: 'default',
  cwd: '/',
  env: {},
  folder: '/control/0',
  keptPath: '/asleep/0',
  createdAt: '2000-01-01T00:00:00.000Z',
  lastUsedAt: '2000-01-01T00:00:00.000Z',
};

function restored(state: Partial<SessionState>): ShellFacts {
  const facts = new ShellFacts('/elsewhere');
  facts.restore({ ...begun, ...state });
  return facts;
}

test('what was noted after a command is what the next engine knows', () => {
  const facts = new ShellFacts('/');
  facts.nextRun();
  Object.assign(facts, {
    cwd: '/tmp',
    checkpoint: 1,
    lastStatus: 3,
    idleTimeoutSeconds: 9,
    missingCwd: '/gone',
  });
  const { runs, ...rest } = facts.state();
  const next = restored({ runs, ...rest });
  expect(next.state()).toMatchObject(rest);
  expect(next.takeMissingCwd()).toBe('/gone');
  expect(next.takeMissingCwd()).toBeUndefined();
});

test('runs that the dead engine had no time to note are not given again', () => {
  const dead = new ShellFacts('/');
  dead.nextRun();
  const noted = dead.state();
  // The whole state, without what runs at prompts, and none.
  const unnoted = [dead.nextRun(), dead.nextRun(), dead.nextRun()];
  expect(unnoted).not.toContain(restored(noted).nextRun());
});

test('a command that was typed last counts, with the checkpoint that its shell was asked for', () => {
  const typed = { run: 40, shell: { pid: 1, startTicks: 1 }, startTicks: 1, earlierChildren: [] };
  const facts = restored({ runs: 3, checkpoint: 3 });
  facts.inherit({ ...typed, withCheckpoint: false });
  expect(facts.checkpoint).toBe(3);
  facts.inherit({ ...typed, withCheckpoint: true });
  expect(facts.checkpoint).toBe(40);
  expect(facts.nextRun()).toBe(41);
});

test('behind a state that another engine saved, checkpoints have higher versions', () => {
  for (const version of [6, 7]) {
    const facts = new ShellFacts('/');
    facts.beginBehind({ version, truncated: true });
    expect(2 * facts.nextRun()).toBeGreaterThan(version);
    expect(facts.stateTruncated).toBe(true);
  }
});

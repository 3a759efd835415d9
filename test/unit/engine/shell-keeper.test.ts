// What is on record of a shell is there: an engine that dies at any moment leaves FIFOs that the next one can open.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { FifoPool } from '../../../container/engine/fifo/pool.ts';
import type { SessionState } from '../../../container/engine/journal/state.ts';
import { Poller } from '../../../container/engine/linux/poller.ts';
import { ShellKeeper } from '../../../container/engine/session/shell-keeper.ts';

const root = mkdtempSync(join(tmpdir(), 'holdfast-keeper-'));
const poller = new Poller(join(root, 'wake'));
afterAll(() => {
  poller.close();
  rmSync(root, { recursive: true });
});

test('who types into a shell that is dead hears of its end', async () => {
  const keeper = new ShellKeeper({
    fifos: new FifoPool(join(root, 'other-fifos')),
    exits: root,
    folder: join(root, 'dead'),
    keptPath: join(root, 'dead-asleep'),
    cwd: '/',
    env: {},
    key: 'dead',
    poller,
    record() {},
  });
  keeper.start();
  keeper.shell.signal('SIGKILL');
  await keeper.shell.ended;
  const end = await new Promise((ended) => keeper.shell.type('true\n', { report() {}, ended }));
  expect(end).toEqual({ exitCode: null, signal: 'SIGKILL' });
  await keeper.close();
});

test('the FIFOs of a dead shell are there until those of the next one are on record', async () => {
  const recorded: NonNullable<SessionState['fifos']>[] = [];
  const keeper = new ShellKeeper({
    fifos: new FifoPool(join(root, 'fifos')),
    exits: root,
    folder: join(root, 'session'),
    keptPath: join(root, 'asleep'),
    cwd: '/',
    env: {},
    key: 'key',
    poller,
    record({ fifos }) {
      if (!fifos) return;
      const before = recorded.at(-1);
      if (before)
        expect([before.input, before.control].map((path) => existsSync(path))).toEqual([true, true]);
      recorded.push(fifos);
    },
  });
  keeper.start();
  await keeper.revive('whole');
  expect(recorded).toHaveLength(2);
  expect(existsSync(recorded[0]!.input)).toBe(false);
  await keeper.close();
});

// Which processes belong to a command: each sign alone, and the ones that must be left alone.
import { expect, test } from 'vitest';
import { NOBODY } from '../../../container/engine/journal/state.ts';
import { belongingTo, type Owner } from '../../../container/engine/proc/belonging.ts';
import type { ProcessStat } from '../../../container/engine/proc/stat.ts';

const SHELL = 100;

function one(pid: number, signs: Partial<ProcessStat> = {}): ProcessStat {
  return { pid, state: 'S', parent: 1, group: pid, session: pid, startTicks: 50, ...signs };
}

function owner(earlierChildren: number[] = []): Owner {
  return {
    sessionKey: 'key',
    shellPid: SHELL,
    command: { id: 'now', startTicks: 50, earlierChildren: new Set(earlierChildren) },
    known: new Map(),
  };
}

const pids = (of: Owner, processes: ProcessStat[], environ: Record<number, string> = {}) =>
  belongingTo(of, processes, (pid) => environ[pid] ?? '').map(({ pid }) => pid);

const marked = (id: string) => `PATH=/bin\0__hf_session=key\0__hf_id=${id}\0`;

test('children and their children belong, the shell itself does not', () => {
  const shell = one(SHELL, { startTicks: 1 });
  expect(pids(owner(), [shell, one(101, { parent: SHELL }), one(102, { parent: 101 })])).toEqual([101, 102]);
});

test('an orphan in the shell’s group or session belongs', () => {
  expect(pids(owner(), [one(101, { group: SHELL }), one(102, { session: SHELL }), one(103)])).toEqual([
    101, 102,
  ]);
});

test('a stray that left group, session and parent behind is known by its command’s id', () => {
  const environ = { 101: marked('now'), 102: marked('earlier'), 103: 'OTHER=1\0' };
  expect(pids(owner(), [one(101), one(102), one(103)], environ)).toEqual([101]);
});

test('what earlier commands left in the background is not touched', () => {
  const processes = [
    one(101, { parent: SHELL, session: SHELL }),
    one(102, { parent: 101, session: SHELL }),
    one(103, { parent: SHELL, startTicks: 49 }),
    one(104, { parent: SHELL }),
  ];
  expect(pids(owner([101]), processes, { 104: marked('earlier') })).toEqual([]);
});

test('what a known member started is found when the member is gone', () => {
  const asked = owner();
  expect(pids(asked, [one(101, { parent: SHELL })])).toEqual([101]);
  expect(pids(asked, [one(102, { session: 101 })])).toEqual([102]);
});

test('a process that got the number of a known member which is gone is a stranger', () => {
  const asked = owner();
  expect(pids(asked, [one(101, { parent: SHELL })])).toEqual([101]);
  expect(pids(asked, [one(101, { startTicks: 99 }), one(102, { parent: 101, startTicks: 99 })])).toEqual([]);
});

test('an owner without a shell, and one whose shell is no process, have nobody else’s processes', () => {
  const machine = [
    one(1, { parent: 0, group: 0, session: 0 }),
    one(2, { parent: 0 }),
    one(300, { parent: 1 }),
  ];
  for (const shellPid of [undefined, 0, 1, NOBODY.pid]) {
    expect(pids({ sessionKey: 'key', shellPid, known: new Map() }, machine)).toEqual([]);
  }
});

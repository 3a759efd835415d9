import { expect, test } from 'vitest';
import { alternate, type Subject } from './alternate.ts';

function recorded(log: string[], id: string, sample?: number): Subject {
  return {
    id,
    what: id,
    unit: 'ms',
    act: async () => {
      log.push(id);
      return sample;
    },
  };
}

test('all are measured in each round, and another begins each', async () => {
  const log: string[] = [];
  const subjects = ['a', 'b', 'c'].map((id) => recorded(log, id));
  await alternate(subjects, { rounds: 3, calls: 1, warmUp: 0 });
  expect(log.join('')).toBe('abcbcacab');
});

test('what the first rounds say does not count', async () => {
  const log: string[] = [];
  const [samples] = await alternate([recorded(log, 'a', 5)], { rounds: 2, calls: 3, warmUp: 4 });
  expect(log).toHaveLength(18);
  expect(samples!.rounds).toEqual([
    [5, 5, 5],
    [5, 5, 5],
  ]);
});

test('the time is taken of what tells no sample of its own', async () => {
  const slow: Subject = {
    id: 'slow',
    what: 'slow',
    unit: 'ms',
    act: () => new Promise((resolve) => setTimeout(() => resolve(undefined), 5)),
  };
  const [samples] = await alternate([slow], { rounds: 1, calls: 1 });
  // A timer may fire a little early.
  expect(samples!.rounds[0]![0]).toBeGreaterThan(4);
});

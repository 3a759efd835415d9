import { expect, test } from 'vitest';
import { compare } from './compare.ts';
import { figureOf, type Unit } from './figure.ts';
import type { Run } from './run.ts';

const run = (figures: Record<string, [number, Unit]>): Run => ({
  startedAt: '2026-01-01T00:00:00.000Z',
  machine: '',
  node: '',
  loadBefore: 0,
  quick: false,
  figures: Object.entries(figures).map(([id, [value, unit]]) =>
    figureOf({ id, what: id, unit, rounds: [[value]] }),
  ),
  curves: [],
});
const floors = (ms: number): Record<string, [number, Unit]> => ({
  'floor-exec': [ms, 'ms'],
  'floor-http': [ms, 'ms'],
});

test('a machine that is twice as slow today has changed nothing', () => {
  const [exec] = compare(run({ exec: [1, 'ms'], ...floors(0.2) }), run({ exec: [2, 'ms'], ...floors(0.4) }));
  expect(exec).toMatchObject({ what: 'exec', ratio: 2, floorRatio: 1, verdict: 'same' });
});

test('what got faster against its floor is better, by more than a tenth', () => {
  const before = run({ exec: [1, 'ms'], ...floors(0.2) });
  const verdict = (ms: number) => compare(before, run({ exec: [ms, 'ms'], ...floors(0.2) }))[0]?.verdict;
  expect([verdict(0.5), verdict(0.95), verdict(1.05), verdict(1.5)]).toEqual([
    'better',
    'same',
    'same',
    'worse',
  ]);
});

test('what differs by less than the rounds do among themselves is the same', () => {
  const rounds = (...ms: number[]): Run => ({
    ...run(floors(0.2)),
    figures: [
      figureOf({ id: 'exec', what: 'exec', unit: 'ms', rounds: ms.map((one) => [one]) }),
      ...['floor-exec', 'floor-http'].map((id) =>
        figureOf({ id, what: id, unit: 'ms' as const, rounds: ms.map(() => [0.2]) }),
      ),
    ],
  });
  expect(compare(rounds(1, 2, 3, 4), rounds(2, 3, 4, 5))[0]!.verdict).toBe('same');
  expect(compare(rounds(1, 1, 1, 1), rounds(1.5, 1.5, 1.5, 1.5))[0]!.verdict).toBe('worse');
});

test('of throughput, more is better', () => {
  const at = (value: number) => run({ stream: [value, 'MB/s'], 'floor-pipe': [500, 'MB/s'] });
  expect(compare(at(100), at(200))[0]).toMatchObject({ ratio: 2, verdict: 'better' });
});

test('only what both runs measured is compared, floors last', () => {
  const before = run({ exec: [1, 'ms'], ...floors(0.2) });
  const now = run({ exec: [1, 'ms'], session: [4, 'ms'], ...floors(0.2) });
  expect(compare(before, now).map(({ what }) => what)).toEqual(['exec', 'floor-exec', 'floor-http']);
});

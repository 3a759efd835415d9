import { describe, expect, test } from 'vitest';
import { figureOf } from './figure.ts';
import { judge } from './judge.ts';
import { ROWS, type Row } from './rows.ts';

const figures = (all: Record<string, number[][]>) =>
  new Map(Object.entries(all).map(([id, rounds]) => [id, figureOf({ id, what: id, unit: 'ms', rounds })]));
const row = (more: Partial<Row>): Row => ({
  id: 'ours',
  suite: 'engine',
  what: 'ours',
  unit: 'ms',
  better: 'less',
  floors: [],
  ...more,
});

describe('a mark', () => {
  const at = (value: number, more: Partial<Row>) => judge(row(more), figures({ ours: [[value]] }))?.mark;

  test('is the highest limit that was reached', () => {
    const limits = { atLeast: 2, aim: 1 };
    expect([at(1, limits), at(1.5, limits), at(2, limits), at(2.1, limits)]).toEqual([
      'aim',
      'at least',
      'at least',
      'missed',
    ]);
  });

  test('counts upwards where more is better', () => {
    const limits = { atLeast: 100, aim: 200, better: 'more' } as const;
    expect([at(250, limits), at(100, limits), at(99, limits)]).toEqual(['aim', 'at least', 'missed']);
  });

  test('is missed where the tail is too long, whatever the median', () => {
    const slowTail = [...Array(98).fill(0.5), 9, 9];
    const judged = judge(row({ atLeast: 1, atLeastP99: 3, aim: 0.6 }), figures({ ours: [slowTail] }));
    expect(judged?.mark).toBe('missed');
  });

  test('is not given where nothing is asked', () => {
    expect(at(1, {})).toBeUndefined();
  });
});

test('what is meant to be a little over its floor is judged by the difference', () => {
  const all = figures({ ours: [[5]], floor: [[3]] });
  const judged = judge(row({ floors: ['floor'], overFloor: true, atLeast: 2.5, aim: 1 }), all);
  expect(judged).toMatchObject({ value: 2, floor: 3, mark: 'at least' });
  expect(judge(row({ floors: ['none'], overFloor: true, atLeast: 2.5 }), all)?.mark).toBe('missed');
});

test('floors add up, and the ratio is taken round by round', () => {
  // The machine was ten times slower in the last two rounds, and both slowed down with it.
  const all = figures({ ours: [[4], [40], [40]], a: [[1], [10], [10]], b: [[1], [10], [10]] });
  expect(judge(row({ floors: ['a', 'b'] }), all)).toMatchObject({ floor: 20, ratio: 2 });
});

test('what was not measured is not judged, and a floor that was not measured gives no ratio', () => {
  expect(judge(row({}), figures({}))).toBeUndefined();
  expect(judge(row({ floors: ['a'] }), figures({ ours: [[1]] }))?.ratio).toBeUndefined();
});

test('each row has an id of its own, and limits that lie in one direction', () => {
  expect(new Set(ROWS.map(({ id }) => id)).size).toBe(ROWS.length);
  for (const { better, atLeast, aim } of ROWS) {
    if (atLeast !== undefined && aim !== undefined) expect(better === 'less').toBe(aim < atLeast);
  }
});

import { expect, test } from 'vitest';
import { parseRange } from '../../../container/engine/http/raw-output.ts';

test('a range is its bytes, from the front or the back, within what there is', () => {
  expect(parseRange('bytes=2-4', 10)).toEqual({ from: 2, to: 5 });
  expect(parseRange('bytes=8-99', 10)).toEqual({ from: 8, to: 10 });
  expect(parseRange('bytes=3-', 10)).toEqual({ from: 3, to: 10 });
  expect(parseRange('bytes=-4', 10)).toEqual({ from: 6, to: 10 });
  expect(parseRange('bytes=-40', 10)).toEqual({ from: 0, to: 10 });
});

test('a range that starts behind the end cannot be satisfied', () => {
  expect(parseRange('bytes=10-', 10)).toBe('unsatisfiable');
  expect(parseRange('bytes=-0', 10)).toBe('unsatisfiable');
  expect(parseRange('bytes=0-', 0)).toBe('unsatisfiable');
});

test('several ranges, and what is none, count as no range', () => {
  for (const header of [undefined, '', 'bytes=0-1,4-5', 'bytes=-', 'bytes=5-2', 'lines=1-2', 'bytes=a-b']) {
    expect(parseRange(header, 10)).toBeUndefined();
  }
});

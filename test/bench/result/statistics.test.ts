import { expect, test } from 'vitest';
import { medianOf, percentiles } from './statistics.ts';

test('a percentile is a sample: the one by nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, n) => 100 - n);
  expect(percentiles(hundred, [50, 95, 99, 100])).toEqual([50, 95, 99, 100]);
  expect(percentiles([7], [0, 50, 99])).toEqual([7, 7, 7]);
  expect(percentiles([3, 1, 2], [0, 100])).toEqual([1, 3]);
  expect(percentiles([10, 9, 100, 2], [50])).toEqual([9]);
});

test('samples stay in the order in which they were taken', () => {
  const samples = [3, 1, 2];
  medianOf(samples);
  expect(samples).toEqual([3, 1, 2]);
});

test('no samples have no percentile', () => {
  expect(medianOf([])).toBeNaN();
});

import { expect, test } from 'vitest';
import { type Curve, shapeOf } from './curve.ts';

const SIZES = [1, 10, 100, 1_000, 10_000];
const shape = (expected: Curve['expected'], value: (size: number) => number) =>
  shapeOf({ expected, points: SIZES.map((size) => ({ size, value: value(size) })) })!;

test('a cost in proportion to the size has the exponent 1, and the square of it 2', () => {
  expect(shape('linear', (size) => 3 * size).exponent).toBeCloseTo(1);
  expect(shape('linear', (size) => size ** 2)).toMatchObject({ holds: false });
  expect(shape('flat', () => 0.7)).toMatchObject({ factor: 1, holds: true });
});

test('a fixed cost at small sizes does not hide what large ones do', () => {
  expect(shape('linear', (size) => 50 + size ** 2 / 1_000).holds).toBe(false);
  expect(shape('linear', (size) => 50 + size).holds).toBe(true);
});

test('noise does not bend a flat curve, growth does', () => {
  expect(shape('flat', (size) => (size === 1_000 ? 1.3 : 1)).holds).toBe(true);
  expect(shape('flat', (size) => size ** 0.5).holds).toBe(false);
  expect(shape('flat', (size) => (size < 10_000 ? 100 : 230)).holds).toBe(false);
});

test('one point has no shape', () => {
  expect(shapeOf({ expected: 'flat', points: [{ size: 1, value: 1 }] })).toBeUndefined();
});

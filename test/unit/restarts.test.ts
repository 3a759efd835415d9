import { describe, expect, test } from 'vitest';
import { Restarts } from '../../container/local/restarts.ts';

const pauses = (...deaths: [exitCode: number, livedMs: number][]) => {
  const restarts = new Restarts();
  return deaths.map(([exitCode, livedMs]) => restarts.pauseMs(exitCode, livedMs));
};
const times = (count: number, exitCode: number, livedMs: number) =>
  Array.from({ length: count }, (): [number, number] => [exitCode, livedMs]);

describe('an engine that ended', () => {
  test('is started again within a moment, and later and later when it dies at once', () => {
    expect(pauses(...times(8, 1, 50))).toEqual([100, 200, 400, 800, 1_600, 3_000, 3_000, undefined]);
  });

  test('is forgiven after a life of two seconds', () => {
    expect(pauses(...times(7, 1, 50), [1, 2_000], [1, 50]).slice(-2)).toEqual([100, 100]);
  });

  test('is never given up for what kills it from outside', () => {
    expect(new Set(pauses(...times(1_000, 137, 1)))).toEqual(new Set([100]));
  });

  test('stays ended when it ended by itself, or for a wrong setting', () => {
    expect(pauses([0, 50], [0, 90_000], [78, 50])).toEqual([undefined, undefined, undefined]);
  });
});

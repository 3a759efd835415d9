// One thing that was measured: its samples, by the round in which they were taken, and what is kept of them.
import { medianOf, percentiles } from './statistics.ts';

export type Unit = 'ms' | 'MB/s' | 'commands/s' | 'MB' | 'KB';

/** Samples of one round were taken without a break, beside one round of everything else. */
export interface Samples {
  id: string;
  what: string;
  unit: Unit;
  rounds: number[][];
}

export interface Figure {
  id: string;
  what: string;
  unit: Unit;
  count: number;
  p50: number;
  p95: number;
  p99: number;
  min: number;
  max: number;
  /** The median of each round: what a floor of the same run is held against. */
  medians: number[];
}

export function figureOf({ id, what, unit, rounds }: Samples): Figure {
  const all = rounds.flat();
  const [p50, p95, p99, min, max] = percentiles(all, [50, 95, 99, 0, 100]) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const medians = rounds.map(medianOf);
  return { id, what, unit, count: all.length, p50, p95, p99, min, max, medians };
}

// Holds what was measured against its floor, taken in the same run, and against what it is meant to reach.
import type { Figure } from './figure.ts';
import type { Row } from './rows.ts';
import { medianOf, percentiles } from './statistics.ts';

export type Mark = 'aim' | 'at least' | 'missed';

export interface Judged {
  row: Row;
  figure: Figure;
  /** The floors' medians together; undefined where there is none. */
  floor: number | undefined;
  /** How many times the floor: the median over the rounds, so that a machine that slows down for a while counts little. */
  ratio: number | undefined;
  /** How far the rounds lie apart, as a share of the median: half of them are within it. */
  spread: number;
  /** What the row's limits speak of: the median, or how far it is above its floor. */
  value: number;
  /** Undefined where nothing is asked of it. */
  mark: Mark | undefined;
}

/** Undefined where this run did not measure it. */
export function judge(row: Row, figures: ReadonlyMap<string, Figure>): Judged | undefined {
  const figure = figures.get(row.id);
  if (!figure) return undefined;
  const floors = row.floors.map((id) => figures.get(id)).filter((one) => one !== undefined);
  const isWhole = floors.length > 0 && floors.length === row.floors.length;
  const floor = isWhole ? sum(floors.map(({ p50 }) => p50)) : undefined;
  const value = row.overFloor ? figure.p50 - (floor ?? Number.NaN) : figure.p50;
  return {
    row,
    figure,
    floor,
    ratio: isWhole ? medianOf(ratiosOf(figure, floors)) : undefined,
    spread: spreadOf(isWhole ? ratiosOf(figure, floors) : figure.medians),
    value,
    mark: markOf(row, value, figure.p99),
  };
}

function ratiosOf(figure: Figure, floors: readonly Figure[]): number[] {
  const paired = floors.every(({ medians }) => medians.length === figure.medians.length);
  if (!paired) return [figure.p50 / sum(floors.map(({ p50 }) => p50))];
  return figure.medians.map((one, round) => one / sum(floors.map((floor) => floor.medians[round]!)));
}

function spreadOf(rounds: readonly number[]): number {
  const [low, middle, high] = percentiles(rounds, [25, 50, 75]) as [number, number, number];
  return (high - low) / middle;
}

function markOf({ better, aim, atLeast, atLeastP99 }: Row, value: number, p99: number): Mark | undefined {
  const reaches = (limit: number) => (better === 'less' ? value <= limit : value >= limit);
  if (atLeast === undefined) return undefined;
  if (!reaches(atLeast) || (atLeastP99 !== undefined && p99 > atLeastP99)) return 'missed';
  return aim !== undefined && reaches(aim) ? 'aim' : 'at least';
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

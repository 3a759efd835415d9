// How a cost grows: what it was at each size, and whether it grows no faster than it should.
import type { Unit } from './figure.ts';

export interface Curve {
  id: string;
  what: string;
  /** What grows, as `sessions`. */
  of: string;
  unit: Unit;
  /** `flat`: the size does not matter. `linear`: in proportion to it. */
  expected: 'flat' | 'linear';
  points: { size: number; value: number }[];
}

export interface Shape {
  /** k of value = c * size^k over the upper half of the sizes; 0 is flat, 1 in proportion. */
  exponent: number;
  /** Last value over first. */
  factor: number;
  holds: boolean;
}

/** Noise bends a fit: a curve is out of shape only when it is clearly so. */
const LINEAR = 1.2;
/** What a flat curve may grow by over the sizes that are fitted. */
const FLAT = 1.5;

/** Undefined for fewer than two points. */
export function shapeOf({ points, expected }: Pick<Curve, 'points' | 'expected'>): Shape | undefined {
  if (points.length < 2) return undefined;
  // Where sizes are small a fixed cost hides how the rest grows.
  const upper = points.slice(Math.min(Math.floor(points.length / 2), points.length - 2));
  const exponent = slopeOf(upper.map(({ size, value }) => [Math.log(size), Math.log(value)]));
  const factor = points.at(-1)!.value / points[0]!.value;
  const growth = (upper.at(-1)!.size / upper[0]!.size) ** exponent;
  const holds = expected === 'linear' ? exponent <= LINEAR : growth <= FLAT;
  return { exponent, factor, holds };
}

/** Least squares. */
function slopeOf(points: [number, number][]): number {
  const mean = (pick: (point: [number, number]) => number) =>
    points.reduce((total, point) => total + pick(point), 0) / points.length;
  const [x0, y0] = [mean(([x]) => x), mean(([, y]) => y)];
  const over = points.reduce((total, [x, y]) => total + (x - x0) * (y - y0), 0);
  const under = points.reduce((total, [x]) => total + (x - x0) ** 2, 0);
  return under === 0 ? 0 : over / under;
}

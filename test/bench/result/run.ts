// One run of the benchmark, as it is kept in a file.
import type { Curve } from './curve.ts';
import type { Figure } from './figure.ts';

export interface Run {
  /** ISO 8601. */
  startedAt: string;
  machine: string;
  node: string;
  /** Of the minute before it began: what else the machine was doing. */
  loadBefore: number;
  quick: boolean;
  figures: Figure[];
  curves: Curve[];
}

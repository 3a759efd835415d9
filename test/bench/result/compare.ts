// Two runs side by side, for people who change the engine.
import type { Figure } from './figure.ts';
import { judge } from './judge.ts';
import { ROWS } from './rows.ts';
import type { Run } from './run.ts';

export interface Change {
  what: string;
  unit: Figure['unit'];
  before: number;
  now: number;
  /** Now over before. */
  ratio: number;
  /** The same of the ratios to the floor, which a machine that is slower today does not change. */
  floorRatio: number | undefined;
  /** By the floor where there is one, and by more than a tenth, and than the rounds of both lie apart. */
  verdict: 'better' | 'worse' | 'same';
}

const TENTH = 0.1;

/** What both measured: the rows in their order, then the floors. */
export function compare(before: Run, now: Run): Change[] {
  const [then, today] = [byId(before), byId(now)];
  const rows = ROWS.flatMap((row) => {
    const [was, is] = [judge(row, then), judge(row, today)];
    if (!was || !is) return [];
    const floorRatio = was.ratio && is.ratio ? is.ratio / was.ratio : undefined;
    return [change(was.figure, is.figure, floorRatio, was.spread + is.spread)];
  });
  const named = new Set(ROWS.map(({ id }) => id));
  const floors = now.figures
    .filter(({ id }) => !named.has(id) && then.has(id))
    .map((is) => change(then.get(is.id)!, is, undefined, 0));
  return [...rows, ...floors];
}

export function byId(run: Run): Map<string, Figure> {
  return new Map(run.figures.map((figure) => [figure.id, figure]));
}

function change(was: Figure, is: Figure, floorRatio: number | undefined, spread: number): Change {
  const ratio = is.p50 / was.p50;
  const told = floorRatio ?? ratio;
  const moreIsBetter = is.unit === 'MB/s' || is.unit === 'commands/s';
  const gain = moreIsBetter ? told : 1 / told;
  const margin = 1 + Math.max(TENTH, spread);
  const verdict = gain > margin ? 'better' : gain < 1 / margin ? 'worse' : 'same';
  return { what: is.what, unit: is.unit, before: was.p50, now: is.p50, ratio, floorRatio, verdict };
}

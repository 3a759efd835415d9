// A run as Markdown: a table of each suite, its floors, and the growth curves.
import { byId } from '../result/compare.ts';
import { shapeOf } from '../result/curve.ts';
import { type Judged, judge, type Mark } from '../result/judge.ts';
import { ROWS, type Suite } from '../result/rows.ts';
import type { Run } from '../result/run.ts';
import { shortNumber, sizeText } from './number.ts';
import { markdownTable } from './table.ts';

const MARKS: Record<Mark, string> = { aim: '★ aim', 'at least': '✓', missed: '✗' };
/** Which floors belong to a suite. */
const isFloorOf = (suite: Suite, id: string) => {
  const isWorkers = /worker|docker|start/.test(id);
  return id.startsWith('floor-') && isWorkers === (suite === 'worker');
};

/** When, where and next to what else it ran. */
export function heading({ startedAt, machine, node, loadBefore, quick }: Run): string {
  const how = quick ? ', `--quick`' : '';
  const shared =
    loadBefore > 0.5 ? `; the machine was shared (load ${shortNumber(loadBefore)} before the run)` : '';
  return `${startedAt.slice(0, 10)}, ${machine}, Node ${node}${how}${shared}.`;
}

/** What is asked of it, in few columns: each with its floor. */
export function summaryTable(run: Run): string {
  const figures = byId(run);
  const rows = ROWS.filter(({ atLeast }) => atLeast !== undefined)
    .map((row) => judge(row, figures))
    .filter((one) => one !== undefined);
  return markdownTable(
    ['', 'unit', 'p50', 'p99', 'floor', 'reached'],
    rows.map((one) => {
      const [what, unit, p50, , p99, floor, , , , reached] = cells(one);
      return [what, unit, p50, p99, floor, reached].map((cell) => cell ?? '');
    }),
    [1, 5],
  );
}

/** Empty where the run measured nothing of the suite. */
export function suiteTables(run: Run, suite: Suite): string {
  const figures = byId(run);
  const rows = ROWS.filter((row) => row.suite === suite)
    .map((row) => judge(row, figures))
    .filter((one) => one !== undefined);
  if (rows.length === 0) return '';
  const named = new Set(ROWS.map(({ id }) => id));
  const floors = run.figures.filter(({ id }) => !named.has(id) && isFloorOf(suite, id));
  const table = markdownTable(
    ['', 'unit', 'p50', 'p95', 'p99', 'floor', '÷ floor', 'at least', 'aim', 'reached'],
    rows.map(cells),
    [1, 9],
  );
  const below = markdownTable(
    ['floor', 'unit', 'p50', 'p95', 'p99'],
    floors.map(({ what, unit, p50, p95, p99 }) => [what, unit, ...[p50, p95, p99].map(shortNumber)]),
    [1],
  );
  return `${table}\n\n${below}`;
}

function cells({ row, figure, floor, ratio, value, mark }: Judged): string[] {
  const limit = (value: number | undefined) =>
    value === undefined ? '' : `${row.overFloor ? '+' : ''}${shortNumber(value)}`;
  const p99 = row.atLeastP99 === undefined ? '' : `, p99 ${shortNumber(row.atLeastP99)}`;
  return [
    row.what,
    row.unit,
    ...[figure.p50, figure.p95, figure.p99].map(shortNumber),
    floor === undefined ? '' : shortNumber(floor),
    ratio === undefined ? '' : shortNumber(ratio),
    `${limit(row.atLeast)}${p99}`,
    limit(row.aim),
    [mark && MARKS[mark], row.overFloor && `+${shortNumber(value)}`].filter(Boolean).join(' '),
  ];
}

/** One table of all curves: a line each, its sizes from left to right. */
export function curveTable({ curves }: Run): string {
  if (curves.length === 0) return '';
  return markdownTable(
    ['', 'unit', 'at', 'exponent', 'should be', 'is'],
    curves.map((curve) => {
      const shape = shapeOf(curve);
      const at = curve.points.map(({ size, value }) => `${sizeText(size, curve.of)}: ${shortNumber(value)}`);
      return [
        `${curve.what}, by ${curve.of === 'bytes' ? 'size' : curve.of}`,
        curve.unit,
        at.join(', '),
        shape ? shape.exponent.toFixed(2) : '–',
        curve.expected,
        shape ? (shape.holds ? '✓' : '✗') : '',
      ];
    }),
    [1, 2, 4, 5],
  );
}

// The picture for the README: latency percentiles and throughput, each beside its floor.
import { byId } from '../result/compare.ts';
import { judge } from '../result/judge.ts';
import { ROWS } from '../result/rows.ts';
import type { Run } from '../result/run.ts';
import { shortNumber } from './number.ts';
import { COLOURS, line, rect, svg, text } from './svg.ts';

const WIDTH = 860;
const LABELS = 320;
const RIGHT = 110;
const ROW = 40;
const BAR = 12;
/** About as wide as what is written behind a bar. */
const NOTE = 40;

interface Bar {
  what: string;
  /** Drawn from long to short, each over the one before. */
  parts: { value: number; fill: string }[];
  note: string;
  floor: number | undefined;
}

export function chart(run: Run): string {
  const figures = byId(run);
  const judged = ROWS.filter(({ suite }) => suite === 'engine')
    .map((row) => judge(row, figures))
    .filter((one) => one !== undefined);
  const latency = judged
    .filter(({ row }) => row.unit === 'ms')
    .map(
      ({ row, figure: { p50, p95, p99 }, floor }): Bar => ({
        what: row.what,
        parts: [
          { value: p99, fill: COLOURS.floor },
          { value: p95, fill: COLOURS.tail },
          { value: p50, fill: COLOURS.ours },
        ],
        note: [p50, p95, p99].map(shortNumber).join(' / '),
        floor,
      }),
    );
  const throughput = judged
    .filter(({ row }) => row.unit === 'MB/s')
    .map(
      ({ row, figure: { p50 }, floor }): Bar => ({
        what: row.what,
        parts: [{ value: p50, fill: COLOURS.ours }],
        note: shortNumber(p50),
        floor,
      }),
    );
  const upper = panel(24, 'Latency in ms: p50 / p95 / p99', latency);
  const lower = panel(upper.bottom + 34, 'Throughput in MB/s', throughput);
  const foot = `The line is the floor: bash driven over pipes by the measuring process, with an HTTP call that runs nothing where there is HTTP.`;
  const shapes = [...upper.shapes, ...lower.shapes];
  shapes.push(text(20, lower.bottom + 28, foot, `font-size="11"`));
  const title = `Holdfast beside its floor, ${run.startedAt.slice(0, 10)}`;
  return svg(WIDTH, lower.bottom + 46, title, shapes);
}

function panel(top: number, title: string, bars: Bar[]): { shapes: string[]; bottom: number } {
  const most = Math.max(
    1e-9,
    ...bars.flatMap(({ parts, floor }) => [...parts.map((part) => part.value), floor ?? 0]),
  );
  const long = (value: number) => (value / most) * (WIDTH - LABELS - RIGHT - 20);
  const shapes = [text(20, top + 6, title, 'font-size="14" font-weight="600"')];
  bars.forEach(({ what, parts, note, floor }, index) => {
    const y = top + 24 + index * ROW;
    shapes.push(text(20, y + BAR - 1, what));
    for (const { value, fill } of parts) shapes.push(rect(LABELS, y, long(value), BAR, fill));
    const end = long(Math.max(...parts.map(({ value }) => value)));
    const isNear = floor !== undefined && long(floor) >= end - 4 && long(floor) < end + NOTE;
    shapes.push(text(LABELS + (isNear ? long(floor) : end) + 6, y + BAR - 2, note));
    if (floor === undefined) return;
    const x = LABELS + long(floor);
    shapes.push(line(x, y - 4, x, y + BAR + 4, COLOURS.ink));
    shapes.push(text(x + 4, y + BAR + 12, `floor ${shortNumber(floor)}`, 'font-size="10"'));
  });
  return { shapes, bottom: top + 24 + bars.length * ROW };
}

// The growth curves side by side, each on logarithmic axes of its own: flat is level, proportion is the diagonal.
import { type Curve, shapeOf } from '../result/curve.ts';
import { shortNumber, sizeText } from './number.ts';
import { COLOURS, dot, line, path, svg, text } from './svg.ts';

const COLUMNS = 3;
const CELL = { width: 290, height: 190 };
const PLOT = { left: 52, top: 44, width: 210, height: 110 };

export function curvesChart(curves: Curve[]): string {
  const rows = Math.max(1, Math.ceil(curves.length / COLUMNS));
  const shapes = curves.flatMap((curve, index) =>
    cell(curve, (index % COLUMNS) * CELL.width, Math.floor(index / COLUMNS) * CELL.height),
  );
  return svg(COLUMNS * CELL.width, rows * CELL.height, 'How cost grows', shapes);
}

function cell(curve: Curve, x0: number, y0: number): string[] {
  const { points, what, unit, of } = curve;
  if (points.length < 2) return [];
  const [left, top] = [x0 + PLOT.left, y0 + PLOT.top];
  const sizes = span(points.map(({ size }) => size));
  const values = span(
    points.map(({ value }) => value),
    10,
  );
  const at = (size: number, value: number): [number, number] => [
    left + place(size, sizes) * PLOT.width,
    top + (1 - place(value, values)) * PLOT.height,
  ];
  const colour = shapeOf(curve)?.holds ? COLOURS.ours : COLOURS.bad;
  const drawn = points.map(({ size, value }) => at(size, value));
  const small = 'font-size="10"';
  return [
    text(x0 + 14, y0 + 20, what, 'font-weight="600" font-size="11"'),
    text(x0 + 14, y0 + 34, `${unit} by ${of === 'bytes' ? 'size' : of}, ${curve.expected}`, small),
    line(left, top, left, top + PLOT.height, COLOURS.grid),
    line(left, top + PLOT.height, left + PLOT.width, top + PLOT.height, COLOURS.grid),
    path(drawn, colour),
    ...drawn.map(([x, y]) => dot(x, y, colour)),
    text(left - 4, top + 4, shortNumber(values[1]), `${small} text-anchor="end"`),
    text(left - 4, top + PLOT.height, shortNumber(values[0]), `${small} text-anchor="end"`),
    text(left, top + PLOT.height + 14, sizeText(sizes[0], of), small),
    text(left + PLOT.width, top + PLOT.height + 14, sizeText(sizes[1], of), `${small} text-anchor="end"`),
  ];
}

/** From least to most; at least `times` apart, so that noise does not look like a mountain. */
function span(values: number[], times = 1): [number, number] {
  const [low, high] = [Math.max(1e-6, Math.min(...values)), Math.max(1e-6, ...values)];
  if (high / low >= times) return [low, high];
  const middle = Math.sqrt(high * low);
  return [middle / Math.sqrt(times), middle * Math.sqrt(times)];
}

function place(value: number, [low, high]: [number, number]): number {
  return high === low ? 0 : Math.log(Math.max(1e-6, value) / low) / Math.log(high / low);
}

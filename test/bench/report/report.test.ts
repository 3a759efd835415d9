import { expect, test } from 'vitest';
import { figureOf } from '../result/figure.ts';
import type { Run } from '../result/run.ts';
import { changeTable } from './changes.ts';
import { chart } from './chart.ts';
import { curvesChart } from './curves-chart.ts';
import { replaceMarked } from './marked.ts';
import { shortNumber, sizeText } from './number.ts';
import { curveTable, heading, suiteTables } from './report.ts';
import { markdownTable } from './table.ts';

const RUN: Run = {
  startedAt: '2026-01-02T03:04:05.000Z',
  machine: '2 × Processor',
  node: 'v24.0.0',
  loadBefore: 3,
  quick: false,
  figures: [
    figureOf({ id: 'exec', what: 'exec', unit: 'ms', rounds: [[0.5], [0.5]] }),
    figureOf({ id: 'stream', what: 'stream', unit: 'MB/s', rounds: [[120], [120]] }),
    figureOf({ id: 'floor-exec', what: 'bash', unit: 'ms', rounds: [[0.1], [0.1]] }),
    figureOf({ id: 'floor-http', what: 'http', unit: 'ms', rounds: [[0.15], [0.15]] }),
    figureOf({ id: 'floor-pipe', what: 'pipe', unit: 'MB/s', rounds: [[600], [600]] }),
  ],
  curves: [
    {
      id: 'output',
      what: 'a <curve> & more',
      of: 'bytes',
      unit: 'ms',
      expected: 'linear',
      points: [
        { size: 1_000, value: 1 },
        { size: 1_000_000, value: 1_000 },
      ],
    },
  ],
};

test('a table lines up, numbers to the right', () => {
  expect(
    markdownTable(
      ['what', 'ms'],
      [
        ['a', '1.00'],
        ['longer', '12'],
      ],
    ),
  ).toBe(['| what   |   ms |', '| ------ | ---: |', '| a      | 1.00 |', '| longer |   12 |'].join('\n'));
});

test('a suite names figure, floor, ratio, limits and what was reached', () => {
  const lines = suiteTables(RUN, 'engine').split('\n');
  const cells = (start: string) =>
    lines
      .find((line) => line.startsWith(`| ${start}`))!
      .split('|')
      .map((cell) => cell.trim())
      .slice(3, -1);
  expect(cells('exec `echo hello`')).toEqual([
    '0.50',
    '0.50',
    '0.50',
    '0.25',
    '2.00',
    '0.90, p99 3.00',
    '0.60',
    '★ aim',
  ]);
  expect(cells('streamed output (SSE)')).toEqual(['120', '120', '120', '600', '0.20', '150', '300', '✗']);
  expect(suiteTables(RUN, 'engine')).toContain('| pipe');
  expect(suiteTables(RUN, 'worker')).toBe('');
});

test('a run says when the machine was not its own', () => {
  expect(heading(RUN)).toBe(
    '2026-01-02, 2 × Processor, Node v24.0.0; the machine was shared (load 3.00 before the run).',
  );
  expect(heading({ ...RUN, loadBefore: 0.1 })).toBe('2026-01-02, 2 × Processor, Node v24.0.0.');
});

test('a curve is told size by size, with its exponent', () => {
  expect(curveTable(RUN)).toContain('1 KB: 1.00, 1 MB: 1,000');
  expect(curveTable(RUN)).toMatch(/1\.00 \| linear\s+\| ✓/);
});

test('what changed is told with both ratios', () => {
  const table = changeTable([
    { what: 'exec', unit: 'ms', before: 1, now: 0.5, ratio: 0.5, floorRatio: 0.45, verdict: 'better' },
  ]);
  expect(table).toMatch(/exec \| ms +\| +1\.00 \| +0\.50 \| +0\.50 \| +0\.45 \| better/);
});

test('numbers have the digits that mean something', () => {
  expect([0.123, 12.34, 123.4, 12_345, Number.NaN].map(shortNumber)).toEqual([
    '0.12',
    '12.3',
    '123',
    '12,345',
    '–',
  ]);
  expect([1, 1_000, 1e9].map((size) => sizeText(size, 'bytes'))).toEqual(['1 B', '1 KB', '1 GB']);
  expect(sizeText(10_000, 'commands')).toBe('10,000');
});

test('the charts are well-formed, with a bar for each figure and a line for each floor', () => {
  const picture = chart(RUN);
  expect(wellFormed(picture)).toBe(true);
  expect(picture).toContain('0.50 / 0.50 / 0.50');
  expect(picture).toContain('floor 0.25');
  expect(picture).toContain('floor 600');
  const curves = curvesChart(RUN.curves);
  expect(wellFormed(curves)).toBe(true);
  expect(curves).toContain('a &lt;curve&gt; &amp; more');
  expect(curves.match(/<circle/g)).toHaveLength(2);
  expect(picture + curves).not.toContain('NaN');
});

test('a document keeps all but what is between its marks', () => {
  const text = 'before\n<!-- a:begin -->\nold\n<!-- a:end -->\nafter\n<!-- b:begin --><!-- b:end -->';
  const now = replaceMarked(text, 'a', 'new');
  expect(now).toBe(
    'before\n<!-- a:begin -->\n\nnew\n\n<!-- a:end -->\nafter\n<!-- b:begin --><!-- b:end -->',
  );
  expect(replaceMarked(now, 'a', 'new')).toBe(now);
  expect(() => replaceMarked(text, 'c', 'new')).toThrow('no place for c');
});

/** Every element that begins ends, in order, and no bare ampersand is left. */
function wellFormed(xml: string): boolean {
  const open: string[] = [];
  for (const [, closing, name, alone] of xml.matchAll(/<(\/?)(\w+)[^<>]*?(\/?)>/g)) {
    if (closing) {
      if (open.pop() !== name) return false;
    } else if (!alone) open.push(name!);
  }
  return open.length === 0 && !/&(?!amp;|lt;|gt;|quot;)/.test(xml);
}

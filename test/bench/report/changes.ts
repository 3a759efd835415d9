// What changed between two runs, as Markdown.
import type { Change } from '../result/compare.ts';
import { shortNumber } from './number.ts';
import { markdownTable } from './table.ts';

export function changeTable(changes: Change[]): string {
  return markdownTable(
    ['', 'unit', 'before', 'now', 'now / before', 'against the floor', ''],
    changes.map(({ what, unit, before, now, ratio, floorRatio, verdict }) => [
      what,
      unit,
      shortNumber(before),
      shortNumber(now),
      ratio.toFixed(2),
      floorRatio === undefined ? '' : floorRatio.toFixed(2),
      verdict === 'same' ? '' : verdict,
    ]),
    [1, 6],
  );
}

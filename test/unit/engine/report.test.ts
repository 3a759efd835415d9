import { expect, test } from 'vitest';
import { ReportReader } from '../../../container/engine/shell/report.ts';

const line = (run: number, pwd: string) =>
  `bash: /dev/null/key.${run}/7/30/${pwd}/__hf_${run}_: Not a directory\n`;

test('a report is read whatever surrounds it and wherever it is cut', () => {
  const bytes = Buffer.from(`noise\n+ trace ${line(1, '/tmp/über\nzwei')}more noise${line(2, '')}`);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const reader = new ReportReader('key');
    const reports = [...reader.push(bytes.subarray(0, cut)), ...reader.push(bytes.subarray(cut))];
    expect(reports).toEqual([
      { run: 1, status: 7, idleTimeoutSeconds: 30, pwd: '/tmp/über\nzwei' },
      { run: 2, status: 7, idleTimeoutSeconds: 30, pwd: '' },
    ]);
  }
});

test("another shell's report is not taken for one of this one", () => {
  expect(new ReportReader('other').push(Buffer.from(line(1, '/')))).toEqual([]);
});

test('a flood of noise is forgotten, and the report after it is read', () => {
  const reader = new ReportReader('key');
  for (let i = 0; i < 100; i++) reader.push(Buffer.alloc(10_000, 'x'));
  expect(reader.push(Buffer.from(line(3, '/')))).toHaveLength(1);
});

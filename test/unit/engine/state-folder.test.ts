// The engine empties its state folder when it starts, and nothing else.
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { freshStateFolder } from '../../../container/engine/control-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-state-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a folder that an engine made is emptied, one with other files is refused untouched', () => {
  freshStateFolder(folder);
  writeFileSync(join(folder, 'old-log'), 'x');
  freshStateFolder(folder);
  expect(readdirSync(folder)).toEqual(['.holdfast-state']);
  rmSync(join(folder, '.holdfast-state'));
  writeFileSync(join(folder, 'thesis.txt'), 'years of work');
  expect(() => freshStateFolder(folder)).toThrow('HOLDFAST_STATE_DIR');
  expect(existsSync(join(folder, 'thesis.txt'))).toBe(true);
});

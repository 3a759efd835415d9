// The engine empties its own state folder, never another, and shares it with no other engine.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { makeControlFolder, openStateFolder } from '../../../container/engine/control-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-state-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a folder that an engine made is emptied, one with other files is refused, and one in use is not shared', () => {
  openStateFolder(folder);
  writeFileSync(join(folder, 'old-log'), 'x');
  const control = makeControlFolder(folder);
  expect(existsSync(join(folder, 'old-log'))).toBe(false);
  rmSync(control, { recursive: true });
  const main = fileURLToPath(new URL('../../../container/engine/main.ts', import.meta.url));
  const env = { ...process.env, PORT: '0', HOLDFAST_STATE_DIR: folder };
  const second = spawnSync(process.execPath, [main], { env, encoding: 'utf8', timeout: 20_000 });
  expect(second.stderr).toContain('another engine runs with HOLDFAST_STATE_DIR');
  expect(second.status).toBeGreaterThan(0);

  const foreign = mkdtempSync(join(tmpdir(), 'holdfast-foreign-'));
  writeFileSync(join(foreign, 'thesis.txt'), 'years of work');
  expect(() => openStateFolder(foreign)).toThrow('HOLDFAST_STATE_DIR');
  expect(readdirSync(foreign)).toEqual(['thesis.txt']);
  rmSync(foreign, { recursive: true });
});

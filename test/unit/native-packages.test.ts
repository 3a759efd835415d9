// Which files of compiled packages the image gets, and what is said where they are not there.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { copyNativePackages } from '../../container/native-packages.ts';

const INSTALLED = fileURLToPath(new URL('../../node_modules', import.meta.url));

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-native-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A `node_modules` as npm leaves it on another platform: koffi, without its variant for the image. */
function installedElsewhere(): string {
  const folder = newFolder();
  const koffi = join(folder, 'koffi');
  mkdirSync(join(koffi, 'src/koffi/src'), { recursive: true });
  writeFileSync(join(koffi, 'package.json'), '{"version": "1.2.3"}');
  for (const file of ['index.cjs', 'src/koffi/index.cjs', 'src/koffi/src/static.cjs'])
    writeFileSync(join(koffi, file), '');
  return folder;
}

test('what is left of an earlier bundle goes', () => {
  const to = newFolder();
  mkdirSync(join(to, 'gone'));
  try {
    copyNativePackages(INSTALLED, to);
  } catch (error) {
    // On another platform.
    expect((error as Error).message).toContain('npm install');
  }
  expect(readdirSync(to)).not.toContain('gone');
});

test('where the variant for the image is not installed, the message is the command that installs it', () => {
  expect(() => copyNativePackages(installedElsewhere(), newFolder())).toThrow(
    'npm install --no-save --force @koromix/koffi-linux-x64@1.2.3',
  );
});

// Packages with compiled code, which no bundle can hold: their files lie beside the engine's one file, as npm lays
// them out. They are those of the image's platform, linux/amd64 with glibc, whatever the developer's machine is.
import { cpSync, existsSync, globSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

interface NativePackage {
  name: string;
  /** What it needs to run, as globs; its package.json and its license come along by themselves. */
  files: string[];
  /** The package that holds the compiled code for the image, where that is one of its own. */
  compiled?: { name: string; files: string[] };
}

/** All that the engine imports. To add one, add it here. */
const NATIVE_PACKAGES: NativePackage[] = [
  {
    name: 'koffi',
    files: ['index.cjs', 'src/koffi/index.cjs', 'src/koffi/src/static.cjs'],
    compiled: { name: '@koromix/koffi-linux-x64', files: ['index.js', 'linux_x64/koffi.node'] },
  },
  {
    name: '@lydell/node-pty',
    files: ['requireBinary.js'],
    compiled: { name: '@lydell/node-pty-linux-x64', files: ['pty.node'] },
  },
];

/** Their names: what a bundler leaves to be imported at run time. */
export const NATIVE_NAMES = NATIVE_PACKAGES.map(({ name }) => name);

/**
 * Copies them from one `node_modules` to another, which is made anew.
 *
 * @throws Error that says what to do where the image's variant of one is not installed, as on a Mac.
 */
export function copyNativePackages(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  for (const { name, files, compiled } of NATIVE_PACKAGES) {
    copyPackage(join(from, name), join(to, name), files);
    if (!compiled) continue;
    if (!existsSync(join(from, compiled.name)))
      throw new Error(notInstalled(compiled.name, join(from, name)));
    copyPackage(join(from, compiled.name), join(to, compiled.name), compiled.files);
  }
}

function copyPackage(from: string, to: string, files: string[]): void {
  for (const glob of ['package.json', 'LICENSE*', ...files]) {
    const found = globSync(glob, { cwd: from });
    if (found.length === 0 && glob !== 'LICENSE*') throw new Error(`${from} has no ${glob}: run \`npm ci\``);
    for (const file of found) cpSync(join(from, file), join(to, file));
  }
}

function notInstalled(name: string, parent: string): string {
  const { version } = JSON.parse(readFileSync(join(parent, 'package.json'), 'utf8')) as { version: string };
  return `The image runs on linux/amd64 and needs ${name}, which npm leaves out on this machine. Add it:
  npm install --no-save --force ${name}@${version}`;
}

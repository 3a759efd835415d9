// Makes what the image holds: the engine with all that it imports as one readable file, dist/engine.cjs, and
// beside it, in dist/node_modules, the packages with compiled code.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { copyNativePackages, NATIVE_NAMES } from './native-packages.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Bundles container/engine/main.ts and answers with the path of the file it wrote.
 *
 * @example
 * const path = await bundleEngine(); // '/home/me/holdfast/dist/engine.cjs'
 */
export async function bundleEngine(): Promise<string> {
  const outfile = `${root}dist/engine.cjs`;
  const text = await bundled('container/engine/main.ts', { external: NATIVE_NAMES });
  mkdirSync(`${root}dist`, { recursive: true });
  writeFileSync(outfile, text);
  copyNativePackages(`${root}node_modules`, `${root}dist/node_modules`);
  return outfile;
}

/** The program at `entry`, a path below the root, as one file; `rest` says where it finds native packages. */
export async function bundled(
  entry: string,
  rest: Pick<BuildOptions, 'external' | 'plugins'>,
): Promise<string> {
  const { outputFiles } = await build({
    ...rest,
    write: false,
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    // ESM that imports `node:http` loads all of Node's `fetch` with it, 3 MB and 40 ms of a start.
    format: 'cjs',
    target: 'node24',
    // Stack traces in the container's log should name what a reader finds in the sources.
    minify: false,
    banner: { js: "const __moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
    define: { 'import.meta.url': '__moduleUrl' },
    logLevel: 'warning',
  });
  return outputFiles[0]!.text;
}

if (import.meta.main) {
  try {
    console.log(await bundleEngine());
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}

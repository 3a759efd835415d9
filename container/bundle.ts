// Makes what the image holds: the engine with all that it imports as one readable file, dist/engine.mjs, and
// beside it, in dist/node_modules, the packages with compiled code.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { copyNativePackages, NATIVE_NAMES } from './native-packages.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Bundles container/engine/main.ts and answers with the path of the file it wrote.
 *
 * @example
 * const path = await bundleEngine(); // '/home/me/holdfast/dist/engine.mjs'
 */
export async function bundleEngine(): Promise<string> {
  const outfile = `${root}dist/engine.mjs`;
  await build({
    absWorkingDir: root,
    entryPoints: ['container/engine/main.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    external: NATIVE_NAMES,
    // Stack traces in the container's log should name what a reader finds in the sources.
    minify: false,
    // Dependencies in CommonJS call `require` for Node's own modules, which ESM does not have.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  copyNativePackages(`${root}node_modules`, `${root}dist/node_modules`);
  return outfile;
}

if (import.meta.main) {
  try {
    console.log(await bundleEngine());
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}

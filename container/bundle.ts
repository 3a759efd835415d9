// Makes the one file of the image: the engine with all that it imports, readable, as dist/engine.mjs.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

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
    // Stack traces in the container's log should name what a reader finds in the sources.
    minify: false,
    // Dependencies in CommonJS call `require` for Node's own modules, which ESM does not have.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  return outfile;
}

if (import.meta.main) console.log(await bundleEngine());

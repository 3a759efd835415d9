// The package as others bundle it: for a browser, without Node's modules and without much weight.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

const sdk = join(import.meta.dirname, '../../sdk');
/** All that talks with a sandbox; what a Worker that embeds one has beside it is left out by any bundler. */
const client = `export { Holdfast, connectEngine, getSandbox, HoldfastError, errorCode } from './index.ts'`;

test('it bundles for a browser and for any runtime: nothing of Node is imported, and it is small', async () => {
  for (const platform of ['browser', 'neutral'] as const) {
    const { metafile, outputFiles } = await build({
      stdin: { contents: client, resolveDir: sdk, loader: 'ts' },
      bundle: true,
      minify: true,
      format: 'esm',
      platform,
      mainFields: ['module', 'main'],
      metafile: true,
      write: false,
    });
    const output = Object.values(metafile.outputs)[0]!;
    expect(output.imports, 'imports left in the bundle').toEqual([]);
    const used = Object.entries(output.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
    // The schemas, and zod with them, are for those who check requests.
    expect([...new Set(used.map(([file]) => packageOf(file)))].sort()).toEqual([
      'eventsource-parser',
      'holdfast',
    ]);
    const text = outputFiles[0]!.text;
    expect(text).not.toMatch(/\bBuffer\.|\bprocess\.(env|versions)|\brequire\(/);
    expect(gzipSync(text).length).toBeLessThan(12 * 1024);
  }
});

const packageOf = (file: string) => /node_modules\/([^/]+)/.exec(file)?.[1] ?? 'holdfast';

test('its source type-checks in a Worker, with the Workers types in place of the DOM', () => {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const project = join(import.meta.dirname, 'workers-types');
  const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

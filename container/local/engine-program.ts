// The engine as one file of JavaScript, made anew by each host: Node spends half a second of a start on stripping
// types from two hundred files, and a tenth of one on this. Hosts of the same sources share it.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import { bundled } from '../bundle.ts';
import { NATIVE_NAMES } from '../native-packages.ts';

const MAIN = fileURLToPath(new URL('../../dist/local/engine.cjs', import.meta.url));
/** What Node keeps of what it compiled, for the next start. */
const COMPILED = fileURLToPath(new URL('../../dist/local/compiled', import.meta.url));

export interface EngineProgram {
  main: string;
  env: Record<string, string>;
}

export async function engineProgram(): Promise<EngineProgram> {
  const text = await bundled('container/local/engine-main.ts', { plugins: [nativePackagesWhereTheyAre] });
  if (text !== textAt(MAIN)) {
    mkdirSync(dirname(MAIN), { recursive: true });
    // In one step: an engine of another host may be starting from it.
    const draft = `${MAIN}.${process.pid}`;
    writeFileSync(draft, text);
    renameSync(draft, MAIN);
  }
  return { main: MAIN, env: { NODE_COMPILE_CACHE: COMPILED } };
}

function textAt(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // not made yet
  }
}

const require = createRequire(import.meta.url);

/** By path: by name the image's variants would be found, which lie in dist too. */
const nativePackagesWhereTheyAre: Plugin = {
  name: 'native packages where they are',
  setup({ onResolve }) {
    const filter = new RegExp(`^(${NATIVE_NAMES.join('|')})$`);
    onResolve({ filter }, ({ path }) => ({ path: require.resolve(path), external: true }));
  },
};

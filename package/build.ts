// `npm pack` and `npm publish` run this before: makes dist/package, which is what the package holds. The repository
// itself runs from its sources and needs none of it.
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleEngine } from '../container/bundle.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const to = join(root, 'dist/package');

rmSync(to, { recursive: true, force: true });
compile();
for (const file of globSync('**/*.{js,d.ts}', { cwd: to })) {
  const path = join(to, file);
  writeFileSync(path, resolved(readFileSync(path, 'utf8'), file));
}
const { name, version, sideEffects } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
// For bundlers, to whom this file is the nearest one, and for the Worker, which tells the version.
writeFileSync(
  join(to, 'package.json'),
  `${JSON.stringify({ name, version, type: 'module', sideEffects })}\n`,
);
await image();

/** JavaScript and types, a file for each source file, so that a bundler takes what is used. */
function compile(): void {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const { status } = spawnSync(
    process.execPath,
    [tsc, '-p', join(import.meta.dirname, 'tsconfig.build.json')],
    { stdio: 'inherit' },
  );
  if (status !== 0) throw new Error('the package does not compile; see above');
}

/** Imports as they resolve in the package: `#protocol` is the repository's own, and types name `.ts` files. */
function resolved(code: string, file: string): string {
  const protocol = relative(dirname(file), 'sdk/protocol/index.js');
  return code
    .replace(/(['"])#protocol\1/g, `'${protocol.startsWith('.') ? protocol : `./${protocol}`}'`)
    .replace(/(from |import |import\()(['"])(\.{1,2}\/[^'"]+)\.ts\2/g, '$1$2$3.js$2');
}

/** What `docker build` needs, in a folder of its own. npm packs nothing that is called node_modules. */
async function image(): Promise<void> {
  const engine = await bundleEngine();
  cpSync(engine, join(to, 'image/engine.cjs'));
  cpSync(join(root, 'dist/node_modules'), join(to, 'image/modules'), { recursive: true });
  cpSync(join(root, 'container/supervise'), join(to, 'image/supervise'));
  const dockerfile = readFileSync(join(root, 'container/Dockerfile'), 'utf8')
    .replace('COPY dist/node_modules ', 'COPY modules ')
    .replace('COPY dist/engine.cjs container/supervise ', 'COPY engine.cjs supervise ');
  if (/^COPY .*(dist|container)\//m.test(dockerfile))
    throw new Error('container/Dockerfile copies what is not packed');
  writeFileSync(join(to, 'image/Dockerfile'), dockerfile);
}

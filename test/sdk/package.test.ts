// The package as npm packs it, in the project of somebody else: what it holds, its types, its weight, and that it runs.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { build } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const project = mkdtempSync(join(tmpdir(), 'holdfast-package-'));
const installed = join(project, 'node_modules/holdfast');
let tarball: string;
const manifest = () => JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));

beforeAll(() => {
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', project], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).replace(/^[^[]*(?=\[\s*\{)/, ''),
  );
  mkdirSync(installed, { recursive: true });
  tarball = join(project, packed.filename);
  execFileSync('tar', ['xzf', tarball, '--strip-components=1', '-C', installed]);
  // What `npm install` would put beside it, and nothing else.
  const { dependencies } = manifest() as { dependencies: Record<string, string> };
  for (const name of [...Object.keys(dependencies), '@cloudflare/workers-types', '@types/node']) {
    const link = join(project, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), link);
  }
  writeFileSync(join(project, 'package.json'), '{"type": "module"}');
}, 180_000);

afterAll(() => rmSync(project, { recursive: true }));

test('it holds what its exports name, the image, and no sources, tests or secrets', () => {
  const { exports, dependencies } = manifest();
  const targets = Object.values<string | Record<string, string>>(exports).flatMap((target) =>
    typeof target === 'string' ? [target] : Object.values(target),
  );
  for (const target of targets) expect(existsSync(join(installed, target)), target).toBe(true);
  for (const conditions of Object.values<string | Record<string, string>>(exports)) {
    if (typeof conditions === 'string') continue;
    // Conditions are looked at in their order.
    expect(Object.keys(conditions)[0]).toBe('types');
    expect(Object.keys(conditions).at(-1)).toBe('default');
  }
  expect(Object.keys(dependencies).sort()).toEqual([
    '@cloudflare/containers',
    'eventsource-parser',
    'hono',
    'zod',
  ]);
  const files = globSync('**/*', { cwd: installed, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));
  const strangers = files.filter(
    (file) => !/^(dist\/package|docs)\/|^(package\.json|README\.md|LICENSE)$/.test(file),
  );
  expect(strangers).toEqual([]);
  expect(files.filter((file) => /(?<!\.d)\.ts$|\.test\./.test(file))).toEqual([]);
  const image = join(installed, 'dist/package/image');
  for (const [, from = ''] of readFileSync(join(image, 'Dockerfile'), 'utf8').matchAll(/^COPY (.+) \S+$/gm)) {
    for (const one of from.split(' ')) expect(existsSync(join(image, one)), one).toBe(true);
  }
  expect(existsSync(join(image, 'modules/koffi/package.json'))).toBe(true);
});

test('every import of its files leads to a file of it, or to a package that it depends on', () => {
  const { dependencies } = manifest();
  const folder = join(installed, 'dist/package');
  const lost: string[] = [];
  for (const file of globSync('{sdk,worker,cloudflare}/**/*.{js,d.ts}', { cwd: folder })) {
    const path = join(folder, file);
    for (const { fileName } of ts.preProcessFile(readFileSync(path, 'utf8')).importedFiles) {
      const to = resolve(dirname(path), fileName);
      const found = fileName.startsWith('.')
        ? existsSync(file.endsWith('.d.ts') ? to.replace(/\.js$/, '.d.ts') : to)
        : /^cloudflare:/.test(fileName) ||
          Object.keys(dependencies).some((name) => `${fileName}/`.startsWith(`${name}/`));
      if (!found) lost.push(`${file} imports ${fileName}`);
    }
  }
  expect(lost).toEqual([]);
});

const USE = `
import { connectEngine, errorCode, getSandbox, Holdfast, HoldfastError, type CommandEvent } from 'holdfast';
import { ExecRequest } from 'holdfast/protocol';
const sandbox = new Holdfast({ url: 'https://x.test', apiKey: 'k' }).sandbox('a');
export const stdout: Promise<string> = sandbox.exec('true').then((result) => result.stdout);
export const events: AsyncIterable<CommandEvent> = sandbox.execStream('true');
export const code: string | undefined = errorCode(new HoldfastError('INTERNAL', 'x'));
export const request: { command: string } = ExecRequest.parse({ command: 'true' });
// @ts-expect-error: a timeout is a number
void connectEngine('http://x').exec('true', { timeoutMs: '5' });
export { getSandbox };
`;
const EMBED = `
import { Sandbox } from 'holdfast/worker';
import { getSandbox, parseSSEStream, type ExecEvent } from 'holdfast/cloudflare';
export { ContainerProxy, Sandbox } from 'holdfast/cloudflare';
export const stdout: Promise<string> = getSandbox({} as DurableObjectNamespace<Sandbox>, 'a').exec('x').then((r) => r.stdout);
export const events: AsyncIterable<ExecEvent> = parseSSEStream<ExecEvent>(new ReadableStream());
`;

for (const [name, options] of Object.entries({
  'moduleResolution bundler': { module: 'esnext', moduleResolution: 'bundler' },
  'moduleResolution node16': { module: 'node16', moduleResolution: 'node16' },
  'moduleResolution nodenext': { module: 'nodenext', moduleResolution: 'nodenext' },
})) {
  test(`its types are found and hold with ${name}`, () => {
    const runtimes = {
      'use.ts': { source: USE, lib: ['es2024', 'dom', 'dom.iterable', 'dom.asynciterable'], types: ['node'] },
      'embed.ts': { source: EMBED, lib: ['es2024'], types: ['@cloudflare/workers-types'] },
    };
    for (const [file, { source, lib, types }] of Object.entries(runtimes)) {
      writeFileSync(join(project, file), source);
      // Declarations are checked too: none may name what is not there.
      const compilerOptions = {
        ...options,
        lib,
        types,
        target: 'es2024',
        strict: true,
        noEmit: true,
        skipLibCheck: false,
      };
      writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }));
      const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
      const { stdout } = spawnSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' });
      const ours = stdout
        .split('\n')
        .filter((line) => line !== '' && !/^\S*node_modules\/(?!holdfast)/.test(line));
      expect(ours, file).toEqual([]);
    }
  });
}

test('publint finds nothing to say', async () => {
  const { messages, pkg } = await publint({ pkgDir: installed, pack: false });
  const said = messages.map((message) => formatMessage(message, pkg, { color: false }));
  // The image's folder holds packages of its own, which `docker build` lays where Node finds them.
  expect(said.filter((text) => !text?.includes('/image/modules/'))).toEqual([]);
});

test('its types are not wrong: attw finds only that it is ESM alone, with `exports`', async () => {
  const analysis = await checkPackage(createPackageFromTarballData(readFileSync(tarball)));
  if (!analysis.types) throw new Error('no types were found');
  const found = analysis.problems.map(({ kind, ...where }) =>
    'resolutionKind' in where ? `${kind} ${where.resolutionKind}` : kind,
  );
  // TypeScript's oldest resolution knows no `exports`, and `require` of Node before 20.19 loads no ESM.
  expect([...new Set(found)].sort()).toEqual(['CJSResolvesToESM node16-cjs', 'NoResolution node10']);
}, 60_000);

test('Node runs it as it is', () => {
  const script = `import { getSandbox, Holdfast } from 'holdfast';
    import { LIMITS } from 'holdfast/protocol';
    console.log(typeof getSandbox, typeof Holdfast, typeof LIMITS);`;
  const args = ['--input-type=module', '-e', script];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' });
  expect({ stdout, stderr }).toEqual({ stdout: 'function function object\n', stderr: '' });
});

/** All that talks with a sandbox; what a Worker that embeds one has beside it is left out by any bundler. */
const CLIENT = 'Holdfast, connectEngine, getSandbox, HoldfastError, errorCode';

for (const [runtime, conditions] of Object.entries({
  browsers: ['browser'],
  workerd: ['workerd', 'worker', 'browser'],
  Node: ['node'],
})) {
  test(`bundled for ${runtime} the client is under 12 KB gzipped, without zod and modules of Node`, async () => {
    const { metafile, outputFiles } = await build({
      stdin: { contents: `export { ${CLIENT} } from 'holdfast'`, resolveDir: project },
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'neutral',
      conditions,
      metafile: true,
      write: false,
    });
    const output = Object.values(metafile.outputs)[0]!;
    expect(output.imports).toEqual([]);
    const used = Object.entries(output.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
    expect(used.filter(([file]) => /\/zod\//.test(file))).toEqual([]);
    expect(gzipSync(outputFiles[0]!.text).length).toBeLessThan(12 * 1024);
  });
}

test("the example's Worker bundles with it, as wrangler does", async () => {
  const { errors, warnings } = await build({
    stdin: {
      contents: readFileSync(join(root, 'examples/worker/index.ts'), 'utf8'),
      resolveDir: project,
      loader: 'ts',
    },
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*'],
    write: false,
  });
  expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
});

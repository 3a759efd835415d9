// Who may import whom. The folders stay separable only as long as this holds.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

interface Import {
  from: string;
  /** A path from the root for what lies in the project, else the name as written. */
  to: string;
}

function importsUnder(folder: string): Import[] {
  return globSync(`${folder}/**/*.ts`, { cwd: root, exclude: ['**/node_modules/**'] }).flatMap((from) =>
    ts.preProcessFile(readFileSync(join(root, from), 'utf8')).importedFiles.map(({ fileName }) => ({
      from,
      to: resolve(from, fileName),
    })),
  );
}

function resolve(from: string, name: string): string {
  if (name === '#protocol') return 'sdk/protocol/index.ts';
  return name.startsWith('.') ? normalize(join(dirname(from), name)) : name;
}

const shown = ({ from, to }: Import) => `${from} imports ${to}`;
const within = (folder: string) => (path: string) => path.startsWith(`${folder}/`);
const projectPath = (path: string) => /^(sdk|worker|container|cloudflare|test)\//.test(path);

test('the protocol is a leaf: it imports itself, zod and eventsource-parser', () => {
  const strangers = importsUnder('sdk/protocol').filter(
    ({ to }) => !within('sdk/protocol')(to) && !/^(zod|eventsource-parser)(\/|$)/.test(to),
  );
  expect(strangers.map(shown)).toEqual([]);
});

for (const folder of ['sdk', 'worker', 'container']) {
  test(`${folder} imports itself and the protocol, and no other part of the project`, () => {
    const strangers = importsUnder(folder).filter(
      ({ to }) => projectPath(to) && !within(folder)(to) && !within('sdk/protocol')(to),
    );
    expect(strangers.map(shown)).toEqual([]);
  });
}

test('the entry for Workers that come from elsewhere joins client and Worker, and nobody imports it', () => {
  const strangers = importsUnder('cloudflare').filter(
    ({ to }) => !within('sdk/cloudflare')(to) && !within('worker')(to),
  );
  expect(strangers.map(shown)).toEqual([]);
  const users = ['sdk', 'worker', 'container'].flatMap(importsUnder);
  expect(users.filter(({ to }) => within('cloudflare')(to)).map(shown)).toEqual([]);
});

test('from outside the protocol is one name, so that its files can move', () => {
  const reaching = [...importsUnder('worker'), ...importsUnder('container')].filter(
    ({ to }) => within('sdk/protocol')(to) && to !== 'sdk/protocol/index.ts',
  );
  expect(reaching.map(shown)).toEqual([]);
});

test('the SDK runs anywhere: it imports no module of Node or of workerd', () => {
  const bound = importsUnder('sdk').filter(({ to }) => /^(node|cloudflare):/.test(to));
  expect(bound.map(shown)).toEqual([]);
});

test('the library of Cloudflare Containers is imported in one file', () => {
  const files = new Set(
    importsUnder('worker')
      .filter(({ to }) => to === '@cloudflare/containers')
      .map(({ from }) => from),
  );
  expect(files.size).toBeLessThanOrEqual(1);
});

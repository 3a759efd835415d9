// Text is found in files, and replaced in them byte by byte.
import { describe, expect } from 'vitest';
import type { ReplaceResult, SearchResult } from '#protocol';
import { expectError, target } from './harness/api.ts';
import { get, post, put, read } from './harness/files.ts';
import { test as base, type TestSession } from './harness/session.ts';

const test = base.extend<{ tree: string }>({
  tree: async ({ session, folder }, use) => {
    await session.exec(`cd ${folder} && mkdir -p src/deep node_modules/x .hidden && cd src && printf 'one\\ntwo needle\\n' > a.ts &&
      printf 'ünïcode needle needle\\r\\nno\\nNEEDLE' > deep/b.js && printf 'a\\0needle' > binary && printf 'needle.*' > c.txt &&
      echo needle > ../node_modules/x/i.js && echo needle > ../.hidden/h`);
    await use(folder);
  },
});

async function search(path: string, query: Record<string, string | string[] | boolean | number>) {
  const answer = await get<SearchResult>('/search', { path, ...query });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  const { matches, ...rest } = answer.body;
  return {
    ...rest,
    lines: matches.map((one) => `${one.path.replace(`${path}/`, '')}:${one.line}:${one.column}:${one.text}`),
  };
}

describe('a search', () => {
  test('finds lines, in the order of paths, with their place', async ({ tree }) => {
    const { lines, truncated } = await search(tree, { pattern: 'needle', exclude: 'node_modules' });
    expect(lines).toEqual([
      'src/a.ts:2:5:two needle',
      'src/c.txt:1:1:needle.*',
      'src/deep/b.js:1:11:ünïcode needle needle',
    ]);
    expect(truncated).toBe(false);
  });

  test('takes the pattern as it is, or as a regular expression', async ({ tree }) => {
    expect((await search(`${tree}/src`, { pattern: 'needle.*' })).lines).toEqual(['c.txt:1:1:needle.*']);
    const { lines } = await search(`${tree}/src`, { pattern: '^(one|no)$', regex: true });
    expect(lines).toEqual(['a.ts:1:1:one', 'deep/b.js:2:1:no']);
    expectError(await get('/search', { path: tree, pattern: '(', regex: true }), 400, 'INVALID_REQUEST');
    expect((await search(`${tree}/src`, { pattern: '(' })).lines).toEqual([]);
    expect((await search(`${tree}/src`, { pattern: '--files' })).lines).toEqual([]);
  });

  test('minds case unless told otherwise', async ({ tree }) => {
    expect((await search(`${tree}/src/deep`, { pattern: 'NEEDLE' })).lines).toEqual(['b.js:3:1:NEEDLE']);
    expect((await search(`${tree}/src/deep`, { pattern: 'Needle', ignoreCase: true })).lines).toHaveLength(2);
  });

  test('looks at the files that are wanted', async ({ tree }) => {
    const exclude = 'node_modules';
    expect(
      (await search(tree, { pattern: 'needle', include: ['*.ts', '*.txt'], exclude })).lines,
    ).toHaveLength(2);
    expect((await search(tree, { pattern: 'needle', exclude: [exclude, 'src/deep'] })).lines).toHaveLength(2);
    expect((await search(tree, { pattern: 'needle', hidden: true, exclude })).lines[0]).toBe(
      '.hidden/h:1:1:needle',
    );
    expect((await search(tree, { pattern: 'needle', ignored: true })).lines).toContain(
      'node_modules/x/i.js:1:1:needle',
    );
  });

  test('of one file looks at that file', async ({ tree }) => {
    const path = `${tree}/src/a.ts`;
    expect((await search(path, { pattern: 'e' })).lines).toEqual([
      `${path}:1:3:one`,
      `${path}:2:6:two needle`,
    ]);
  });

  test('says when there is more than it tells', async ({ tree }) => {
    const two = await search(`${tree}/src`, { pattern: 'needle', limit: 2 });
    expect(two).toMatchObject({ truncated: true, lines: { length: 2 } });
    expect((await search(`${tree}/src`, { pattern: 'needle', limit: 3 })).truncated).toBe(false);
  });

  test('of the files of processes, and of what is not there, is refused', async ({ tree }) => {
    expectError(await get('/search', { path: '/proc/self', pattern: 'TOKEN' }), 403, 'PERMISSION_DENIED');
    expectError(await get('/search', { path: `${tree}/none`, pattern: 'x' }), 404, 'FILE_NOT_FOUND');
    expectError(await get('/search', { path: tree, pattern: '' }), 400, 'INVALID_REQUEST');
  });

  test('uses ripgrep where it is, as in the image', async ({ session, tree }) => {
    const has = (await session.exec('type -P rg')).exitCode === 0;
    if (target.name === 'docker') expect(has).toBe(true);
    expect((await search(tree, { pattern: 'x' })).tool).toBe(has ? 'ripgrep' : 'built-in');
  });

  test('with an expression that takes for ever ends', async ({ tree }) => {
    await put({ path: `${tree}/src/long` }, `${'a'.repeat(40)}!`);
    const answer = await get('/search', { path: `${tree}/src/long`, pattern: '^(a+)+$', regex: true });
    expect(answer.status).toBeOneOf([200, 400]);
  });
});

describe('a replacement', () => {
  const replace = (body: object, session?: TestSession) =>
    post<ReplaceResult>('/replace', body, session ? { session: session.id } : {});

  test('changes what is found and nothing else, and keeps the mode', async ({ session, folder }) => {
    const path = `${folder}/f`;
    const bytes = Buffer.from('\xff a.c abc a.c\r\n\0 a.c', 'latin1');
    await put({ path, mode: '750' }, bytes);
    const { status, body } = await replace({ path, search: 'a.c', replacement: '$&' });
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { replacements: 3, files: [{ path, replacements: 3 }] },
    });
    const after = await read({ path });
    expect(after.bytes.equals(Buffer.from('\xff $& abc $&\r\n\0 $&', 'latin1'))).toBe(true);
    expect(after.headers.get('etag')).toBe(body.files[0]!.etag);
    expect((await session.exec(`stat -c %a ${path}`)).stdout).toBe('750\n');
  });

  test('goes through a folder, from where its session is', async ({ session, tree }) => {
    await session.exec(`cd ${tree}`);
    const { body } = await replace(
      { path: '.', search: 'needle', replacement: 'pin', include: ['*.ts', '*.js'] },
      session,
    );
    expect(body.files.map(({ path, replacements }) => [path.replace(`${tree}/`, ''), replacements])).toEqual([
      ['src/a.ts', 1],
      ['src/deep/b.js', 2],
    ]);
    expect((await session.exec('cat src/a.ts src/c.txt')).stdout).toBe('one\ntwo pin\nneedle.*');
  });

  test('that finds more or less than expected changes nothing', async ({ tree }) => {
    const answer = await replace({ path: `${tree}/src`, search: 'needle', replacement: 'x', expected: 1 });
    expectError(answer, 409, 'COUNT_MISMATCH');
    expect(answer.body).toMatchObject({ error: { details: { found: 5 } } });
    expect((await read({ path: `${tree}/src/c.txt` })).text).toBe('needle.*');
    const none = { path: `${tree}/src`, search: 'nowhere', replacement: 'x' };
    expect(await replace(none)).toMatchObject({ status: 200, body: { files: [], replacements: 0 } });
    expectError(await replace({ ...none, expected: 1 }), 409, 'COUNT_MISMATCH');
    expect(
      (await replace({ path: `${tree}/src/c.txt`, search: 'needle', replacement: '', expected: 1 })).status,
    ).toBe(200);
    expect((await read({ path: `${tree}/src/c.txt` })).text).toBe('.*');
  });

  test('of text that is empty, or with a field that is unknown, is refused', async ({ folder }) => {
    expectError(await replace({ path: folder, search: '', replacement: 'x' }), 400, 'INVALID_REQUEST');
    expectError(await replace({ path: folder, search: 'a', replacment: 'x' }), 400, 'INVALID_REQUEST');
    expectError(
      await replace({ path: `${folder}/none`, search: 'a', replacement: 'x' }),
      404,
      'FILE_NOT_FOUND',
    );
  });
});

// What is in a folder, page by page, and what one path is.
import { expect } from 'vitest';
import type { FileList, FileStat } from '#protocol';
import { expectError } from './harness/api.ts';
import { get } from './harness/files.ts';
import { test } from './harness/session.ts';

const list = async (path: string, query = {}) => (await get<FileList>('/list', { path, ...query })).body;
const names = ({ files }: FileList) => files.map(({ relativePath }) => relativePath);

test('a folder is listed in the order of names, without hidden ones and what is below', async ({
  session,
  folder,
}) => {
  await session.exec(
    `cd ${folder} && mkdir b .git && touch b/in a .hidden && ln -s a link && mkfifo fifo && printf 12345 > c && chmod 604 c`,
  );
  const listed = await list(folder);
  expect(listed).toMatchObject({ path: folder, cursor: null });
  expect(names(listed)).toEqual(['a', 'b', 'c', 'fifo', 'link']);
  expect(listed.files.map(({ type }) => type)).toEqual(['file', 'directory', 'file', 'other', 'symlink']);
  expect(listed.files[2]).toEqual({
    name: 'c',
    absolutePath: `${folder}/c`,
    relativePath: 'c',
    type: 'file',
    size: 5,
    mode: '604',
    modifiedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    permissions: { readable: true, writable: true, executable: false },
  });
  expect(listed.files[4]).toMatchObject({ target: 'a' });
  expect(names(await list(folder, { hidden: true, recursive: true }))).toEqual([
    '.git',
    '.hidden',
    'a',
    'b',
    'b/in',
    'c',
    'fifo',
    'link',
  ]);
});

test('pages together are the whole, each entry once, whatever comes and goes between', async ({
  session,
  folder,
}) => {
  await session.exec(`cd ${folder} && mkdir -p {a,b,c}/{x,y} && touch {a,b,c}/{x,y}/{1..5} a.b a-b`);
  const whole = names(await list(folder, { recursive: true }));
  expect(whole).toHaveLength(41);
  for (const limit of [1, 3, 40, 41]) {
    const paged: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: FileList = await list(folder, { recursive: true, limit, ...(cursor ? { cursor } : {}) });
      expect(page.files.length).toBeLessThanOrEqual(limit);
      paged.push(...names(page));
      cursor = page.cursor;
    }
    expect(paged).toEqual(whole);
  }
  const first = await list(folder, { recursive: true, limit: 10 });
  const at = names(first).at(-1)!;
  await session.exec(`rm -rf ${folder}/${at}; touch ${folder}/0 ${folder}/z`);
  const rest = await list(folder, { recursive: true, cursor: first.cursor! });
  expect(names(rest)).toEqual([...whole.slice(10).filter((path) => !path.startsWith(`${at}/`)), 'z']);
});

test('symlinks to folders are not entered, but the folder itself may be one', async ({ session, folder }) => {
  await session.exec(`cd ${folder} && mkdir d && touch d/f && ln -s d l && ln -s . loop`);
  expect(names(await list(folder, { recursive: true }))).toEqual(['d', 'd/f', 'l', 'loop']);
  expect(names(await list(`${folder}/l`))).toEqual(['f']);
});

test('a name that is not UTF-8 is listed with its bytes', async ({ session, folder }) => {
  await session.exec(`cd ${folder} && touch $'a\\xff' $'a\\nb'`);
  const { files } = await list(folder);
  expect(files.map(({ name }) => name)).toEqual(['a\nb', 'a\ufffd']);
  expect(Buffer.from(files[1]!.nameBase64!, 'base64')).toEqual(Buffer.from([97, 255]));
});

test('a path is described, and a symlink itself where asked for', async ({ session, folder }) => {
  await session.exec(
    `cd ${folder} && printf 12 > f && chmod 750 f && ln f g && ln -s f l && ln -s none dangling`,
  );
  const stat = (path: string, query = {}) => get<FileStat>('/stat', { path: `${folder}/${path}`, ...query });
  expect((await stat('l')).body).toMatchObject({
    name: 'l',
    type: 'file',
    size: 2,
    mode: '750',
    links: 2,
    uid: expect.any(Number),
  });
  expect((await stat('l', { follow: false })).body).toMatchObject({ type: 'symlink', target: 'f' });
  expectError(await stat('dangling'), 404, 'FILE_NOT_FOUND');
  expect((await stat('dangling', { follow: false })).body).toMatchObject({ target: 'none' });
  const exists = async (path: string) => (await get('/exists', { path: `${folder}/${path}` })).body;
  expect(await exists('dangling')).toMatchObject({ exists: false, type: null });
  expect(await exists('f/below')).toMatchObject({ exists: false });
  expect(await exists('.')).toMatchObject({ exists: true, type: 'directory' });
});

test('a cursor that is none is refused', async ({ folder }) => {
  for (const cursor of ['!', 'Lw', 'YS8vYg']) {
    expectError(await get('/list', { path: folder, cursor }), 400, 'INVALID_REQUEST');
  }
  for (const limit of [0, 10_001, '1.5', '-1', 'x']) {
    expectError(await get('/list', { path: folder, limit }), 400, 'INVALID_REQUEST');
  }
});

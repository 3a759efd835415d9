// A folder goes down and up as one archive, and no archive reaches out of the folder it is unpacked into.
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect } from 'vitest';
import { api, expectError, request, target } from './harness/api.ts';
import { cutUpload, filesPath, get } from './harness/files.ts';
import { test } from './harness/session.ts';
import { type Entry, tar } from './harness/tar.ts';
import { until } from './harness/until.ts';

const upload = (path: string, archive: Uint8Array, query = {}) =>
  api('PUT', filesPath('/archive', { path, ...query }), archive);

async function download(path: string, query = {}) {
  const response = await request('GET', filesPath('/archive', { path, ...query }));
  return { response, bytes: Buffer.from(await response.arrayBuffer()) };
}

/** What can be told of a tree: names, kinds, modes, contents and where links lead. */
const TELL = `find . -mindepth 1 -printf '%P %y %m %l\\n' | sort; find . -type f -exec md5sum {} + | sort`;

for (const gzip of [false, true]) {
  test(`a tree comes back as it was${gzip ? ', packed small' : ''}`, async ({ session, folder }) => {
    const long = 'n'.repeat(200);
    await session.exec(
      `cd ${folder} && mkdir -p from/a/b from/${long}/${long} && cd from && seq 50000 > a/numbers && : > empty &&
       head -c 100000 /dev/urandom > a/b/bytes && chmod 751 a/numbers && ln -s ../empty a/link && ln a/numbers other &&
       echo x > ${long}/${long}/${long} && echo y > 'ü b' && mkdir closed && echo z > closed/in && chmod 555 closed`,
    );
    const { response, bytes } = await download(`${folder}/from`, { gzip });
    expect(response.headers.get('content-type')).toBe(gzip ? 'application/gzip' : 'application/x-tar');
    const answer = await upload(`${folder}/to`, bytes);
    expect(answer).toMatchObject({ status: 201, body: { path: `${folder}/to` } });
    const before = (await session.exec(`cd ${folder}/from; ${TELL}`)).stdout;
    const after = (await session.exec(`cd ${folder}/to; ${TELL}`)).stdout;
    expect(before).toContain('a/numbers f 751');
    expect(after).toBe(before);
    expect((await session.exec(`stat -c %h ${folder}/to/other; ls -A ${folder}`)).stdout).toBe(
      '2\nfrom\nto\n',
    );
  });
}

test('into a folder that is there it goes beside and over what is in it', async ({ session, folder }) => {
  await session.exec(
    `cd ${folder}; mkdir -p d/kept; echo old > d/file; echo mine > d/kept/mine; chmod 700 d/kept`,
  );
  const archive = tar([
    { path: './', type: '5' },
    { path: 'd', type: '5' },
    { path: 'd/file', data: 'new' },
    { path: 'd/kept/yours', data: 'yours' },
    { path: 'fresh/deep/file', data: 'fresh' },
  ]);
  expect(await upload(folder, archive)).toMatchObject({ status: 201, body: { entries: 5, bytes: 13 } });
  const { stdout } = await session.exec(
    `cat d/file d/kept/mine d/kept/yours fresh/deep/file; stat -c %a d/kept; ls -A`,
  );
  expect(stdout).toBe('newmine\nyoursfresh700\nd\nfresh\n');
});

test('the folder is made, but those above it only when told to', async ({ folder }) => {
  const archive = tar([{ path: 'f', data: 'x' }]);
  expectError(await upload(`${folder}/a/b`, archive), 404, 'FILE_NOT_FOUND');
  expect((await upload(`${folder}/a/b`, archive, { parents: true })).status).toBe(201);
  expect((await get('/exists', { path: `${folder}/a/b/f` })).body).toMatchObject({ exists: true });
});

describe('refused, and nothing is unpacked, is', () => {
  const evil: [name: string, entries: Entry[]][] = [
    ['a path that climbs', [{ path: '../out', data: 'x' }]],
    ['a path that climbs in its middle', [{ path: 'a/../../out', data: 'x' }]],
    ['an absolute path', [{ path: '/tmp/out', data: 'x' }]],
    ['a path that climbs in its attributes', [{ path: 'a', data: 'x', pax: { path: '../out' } }]],
    ['a symlink that leads up', [{ path: 'l', type: '2', link: '..' }]],
    ['an absolute symlink', [{ path: 'l', type: '2', link: '/etc' }]],
    ['a symlink that climbs over its folder', [{ path: 'a/l', type: '2', link: '../../x' }]],
    [
      'a file behind a symlink of the archive',
      [
        { path: 'd/', type: '5' },
        { path: 'l', type: '2', link: 'd' },
        { path: 'l/f', data: 'x' },
      ],
    ],
    [
      'a symlink that turns back behind another',
      [
        { path: 'a/b/c/', type: '5' },
        { path: 'a/b/c/up', type: '2', link: '../../..' },
        { path: 'a/b/c/out', type: '2', link: 'up/../x' },
      ],
    ],
    ['a hard link out of it', [{ path: 'l', type: '1', link: '../../etc/passwd' }]],
    ['an absolute hard link', [{ path: 'l', type: '1', link: '/etc/passwd' }]],
    ['a hard link to what it does not hold', [{ path: 'l', type: '1', link: 'there' }]],
    [
      'a hard link through a symlink',
      [
        { path: 's', type: '2', link: 'd' },
        { path: 'd/f', data: 'x' },
        { path: 'l', type: '1', link: 's/f' },
      ],
    ],
    ['a device', [{ path: 'null', type: '3' }]],
    ['a FIFO', [{ path: 'fifo', type: '6' }]],
    [
      'a link in the place of a folder',
      [
        { path: 'd/f', data: 'x' },
        { path: 'd', type: '2', link: 'e' },
      ],
    ],
  ];
  for (const [name, entries] of evil) {
    test(name, async ({ session, folder }) => {
      const archive = tar([{ path: 'first', data: 'x' }, ...entries]);
      expectError(await upload(`${folder}/to`, archive), 400, 'UNSAFE_ARCHIVE');
      await session.exec(`cd ${folder}; mkdir in; echo mine > in/there`);
      expectError(await upload(`${folder}/in`, archive), 400, 'UNSAFE_ARCHIVE');
      expect((await session.exec('ls -A . in')).stdout).toBe('.:\nin\n\nin:\nthere\n');
    });
  }

  test('a file behind a symlink that is there already', async ({ session, folder }) => {
    await session.exec(`cd ${folder}; mkdir in out; ln -s ../out in/l`);
    const archive = tar([
      { path: 'a', data: 'x' },
      { path: 'l/f', data: 'x' },
    ]);
    expectError(await upload(`${folder}/in`, archive), 400, 'UNSAFE_ARCHIVE');
    expectError(
      await upload(`${folder}/in`, tar([{ path: 'b/', type: '5' }])).then(() =>
        upload(`${folder}/in`, tar([{ path: 'b', data: 'x' }])),
      ),
      409,
      'IS_DIRECTORY',
    );
    expect((await session.exec('ls -A in out')).stdout).toBe('in:\nb\nl\n\nout:\n');
  });

  test('what is damaged, cut, empty, or no archive', async ({ session, folder }) => {
    const good = tar([{ path: 'a', data: randomBytes(5_000) }]);
    const damaged = Buffer.from(good);
    damaged[3] = 66;
    const gzipped = gzipSync(good);
    const bodies = [
      damaged,
      good.subarray(0, 2_000),
      good.subarray(0, 512),
      tar([{ path: 'a', data: 'x' }], { end: false }),
      Buffer.alloc(0),
      Buffer.from('PK\x03\x04'.padEnd(2_000, 'x')),
      gzipped.subarray(0, 1_000),
      Buffer.concat([gzipped.subarray(0, 500), randomBytes(500)]),
    ];
    for (const body of bodies) expectError(await upload(`${folder}/to`, body), 400, 'INVALID_ARCHIVE');
    expect((await session.exec(`ls -A ${folder}`)).stdout).toBe('');
  });

  test('an upload that breaks off', async ({ session, folder }) => {
    const piece = tar([{ path: 'big', data: new Uint8Array(262_144) }], { end: false });
    await cutUpload(
      filesPath('/archive', { path: `${folder}/to` }),
      'PUT',
      piece,
      target.url,
      target.headers,
    );
    await until(async () => (await session.exec(`ls -A ${folder}`)).stdout === '');
  });

  test('packing what holds the files of processes, what is no folder, and what is not there', async ({
    folder,
  }) => {
    for (const path of ['/', '/proc', '/proc/self']) {
      expectError(await get('/archive', { path }), 403, 'PERMISSION_DENIED');
    }
    expectError(await get('/archive', { path: '/etc/passwd' }), 409, 'NOT_DIRECTORY');
    expectError(await get('/archive', { path: `${folder}/none` }), 404, 'FILE_NOT_FOUND');
  });
});

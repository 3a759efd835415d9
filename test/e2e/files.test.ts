// Files are written whole or not at all, read whole or in part, and named from where their session is.
import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { describe, expect } from 'vitest';
import type { WrittenFile } from '#protocol';
import { expectError, request, target } from './harness/api.ts';
import { cutUpload, filesPath, get, post, put, read, remove } from './harness/files.ts';
import { test } from './harness/session.ts';
import { until } from './harness/until.ts';

const etagOf = (bytes: Uint8Array) => `"sha256-${createHash('sha256').update(bytes).digest('hex')}"`;

describe('a file', () => {
  test('comes back byte by byte, with its hash', async ({ session, folder }) => {
    const bytes = randomBytes(300_000);
    const path = `${folder}/a file & more ü%+.bin`;
    const written = await put({ path }, bytes);
    expect(written).toMatchObject({
      status: 201,
      body: { path, size: 300_000, bytesWritten: 300_000, created: true, etag: etagOf(bytes) },
    });
    expect(written.headers.get('etag')).toBe(etagOf(bytes));
    const back = await read({ path });
    expect(back.status).toBe(200);
    expect(back.bytes.equals(bytes)).toBe(true);
    expect(back.headers.get('etag')).toBe(etagOf(bytes));
    expect(back.headers.get('content-length')).toBe('300000');
    expect((await session.exec('wc -c < "$path"', { env: { path } })).stdout.trim()).toBe('300000');
  });

  test('that is empty is a file too', async ({ folder }) => {
    const path = `${folder}/empty`;
    expect((await put({ path }, '')).body).toMatchObject({ size: 0, created: true });
    expect(await read({ path })).toMatchObject({ status: 200, text: '' });
  });

  test('of JSON is written as it is, also with its content type', async ({ folder }) => {
    const path = `${folder}/a.json`;
    const json = '{"data": "x",  "eof": true}';
    const answer = await put({ path }, json, { headers: { 'content-type': 'application/json' } });
    expect(answer.status).toBe(201);
    expect((await read({ path })).text).toBe(json);
  });

  test('of over 1 MiB tells its hash only to who asks', async ({ folder }) => {
    const bytes = randomBytes(2_000_000);
    const path = `${folder}/large`;
    expect((await put({ path }, bytes)).body.etag).toBe(etagOf(bytes));
    const plain = await read({ path });
    expect(plain.headers.get('etag')).toBeNull();
    expect(plain.bytes.equals(bytes)).toBe(true);
    expect((await read({ path, hash: true })).headers.get('etag')).toBe(etagOf(bytes));
    expect((await get('/stat', { path })).body).not.toHaveProperty('etag');
    expect((await get('/stat', { path, hash: true })).body).toMatchObject({ etag: etagOf(bytes) });
  });

  test('is read in part, and from where a download broke off', async ({ folder }) => {
    const path = `${folder}/digits`;
    await put({ path }, '0123456789');
    const part = await read({ path }, { range: 'bytes=2-4' });
    expect(part).toMatchObject({ status: 206, text: '234' });
    expect(part.headers.get('content-range')).toBe('bytes 2-4/10');
    expect((await read({ path }, { range: 'bytes=-3' })).text).toBe('789');
    const etag = part.headers.get('etag')!;
    expect((await read({ path }, { range: 'bytes=5-', 'if-range': etag })).text).toBe('56789');
    expect(await read({ path }, { range: 'bytes=5-', 'if-range': '"other"' })).toMatchObject({
      status: 200,
      text: '0123456789',
    });
    const beyond = await get('', { path }, { headers: { range: 'bytes=10-' } });
    expectError(beyond, 416, 'RANGE_NOT_SATISFIABLE');
    expect(beyond.headers.get('content-range')).toBe('bytes */10');
    const large = `${folder}/large`;
    await put({ path: large }, 'x'.repeat(3_000_000));
    expect((await read({ path: large }, { range: 'bytes=1000000-2999999' })).bytes.length).toBe(2_000_000);
  });

  test('of /proc is read up to its end, though it has no size', async () => {
    expect((await read({ path: '/proc/meminfo' })).text).toContain('MemTotal');
  });
});

describe('a write', () => {
  test('replaces what is there, and keeps its mode', async ({ session, folder }) => {
    const path = `${folder}/script`;
    await session.exec('echo old > "$path"; chmod 751 "$path"', { env: { path } });
    expect(await put({ path }, 'new')).toMatchObject({ status: 200, body: { created: false, size: 3 } });
    expect((await session.exec(`cat ${path}; stat -c %a ${path}`)).stdout).toBe('new751\n');
    await put({ path, mode: '600' }, 'newer');
    expect((await session.exec(`stat -c %a ${path}; ls -A ${folder}`)).stdout).toBe('600\nscript\n');
  });

  test('is seen whole or not at all by who reads meanwhile', async ({ session, folder }) => {
    const path = `${folder}/flips`;
    await put({ path }, 'a'.repeat(100_000));
    const watching = session.exec(
      'while [[ ! -e $path.stop ]]; do sort -u <(fold -w1 "$path") | wc -l; wc -c < "$path"; done | sort -u',
      { env: { path } },
    );
    for (let i = 0; i < 20; i += 1) await put({ path }, (i % 2 ? 'a' : 'b').repeat(100_000));
    await put({ path: `${path}.stop` }, '');
    // One letter at a time, and always all of them.
    expect((await watching).stdout.split('\n').filter(Boolean).sort()).toEqual(['1', '100000']);
  });

  test('that is cut in the middle leaves the old file, and nothing else', async ({ session, folder }) => {
    const path = `${folder}/kept`;
    await put({ path }, 'old');
    const piece = new Uint8Array(256 * 1024).fill(120);
    for (const query of [{ path }, { path, append: true }, { path: `${folder}/never` }] as {
      path: string;
    }[]) {
      await cutUpload(filesPath('', query), 'PUT', piece, target.url, target.headers);
    }
    // A client that announced the length, and left early.
    const socket = connect(Number(new URL(target.url).port), '127.0.0.1');
    const { pathname } = new URL(target.url);
    const head = `PUT ${pathname === '/' ? '' : pathname}${filesPath('', { path })} HTTP/1.1\r\nhost: localhost\r\n`;
    const { authorization } = target.headers;
    socket.write(`${head}authorization: ${authorization}\r\ncontent-length: 1000000\r\n\r\n`);
    await new Promise((sent) => socket.write(Buffer.alloc(900_000), sent));
    socket.destroy();
    await until(async () => (await session.exec(`ls -A ${folder}`)).stdout === 'kept\n');
    // Whatever is still on its way was begun before this.
    await put({ path: `${folder}/later` }, 'x');
    const now = await session.exec(`cat ${path}; ls -A ${folder}`);
    expect(now.stdout.slice(0, 100)).toBe('oldkept\nlater\n');
  });

  test('with append adds to the end, for those who have it open too', async ({ session, folder }) => {
    const path = `${folder}/log`;
    expect(await put({ path, append: true }, 'one\n')).toMatchObject({ status: 201 });
    await session.exec(`exec {kept}<${path}; inode=$(stat -c %i ${path})`);
    const answer = await put<WrittenFile>({ path, append: true }, 'two\n');
    expect(answer).toMatchObject({ status: 200, body: { size: 8, bytesWritten: 4, created: false } });
    const { stdout } = await session.exec(`cat <&$kept; [[ $(stat -c %i ${path}) == $inode ]] && echo same`);
    expect(stdout).toBe('one\ntwo\nsame\n');
  });

  test('goes through a symlink to what it leads to', async ({ session, folder }) => {
    await session.exec(
      `cd ${folder}; mkdir a b; echo x > a/file; ln -s ../a/file b/link; ln -s a/none dangling`,
    );
    await put({ path: `${folder}/b/link` }, 'through');
    await put({ path: `${folder}/dangling` }, 'made');
    const { stdout } = await session.exec('cat a/file a/none; readlink b/link dangling');
    expect(stdout).toBe('throughmade../a/file\na/none\n');
  });

  test('makes the folders on the way only when told to', async ({ folder }) => {
    const path = `${folder}/x/y/z`;
    expectError(await put({ path }, 'a'), 404, 'FILE_NOT_FOUND');
    expect((await put({ path, parents: true }, 'a')).status).toBe(201);
    expect((await read({ path })).text).toBe('a');
  });

  test('with If-Match replaces only what it expects', async ({ folder }) => {
    const path = `${folder}/guarded`;
    const first = (await put({ path }, 'one')).body.etag;
    const second = (await put({ path }, 'two', { headers: { 'if-match': first } })).body.etag;
    const late = await put({ path }, 'three', { headers: { 'if-match': first } });
    expectError(late, 412, 'FILE_CHANGED');
    expect(late.body).toMatchObject({ error: { details: { etag: second } } });
    expect((await read({ path })).text).toBe('two');
    const none = { headers: { 'if-match': '*' } };
    expectError(await put({ path: `${path}2` }, 'x', none), 412, 'FILE_CHANGED');
    const create = { headers: { 'if-none-match': '*' } };
    expectError(await put({ path }, 'x', create), 412, 'FILE_CHANGED');
    expect((await put({ path: `${path}2` }, 'x', create)).status).toBe(201);
  });

  test('of many who expect the same content succeeds for one', async ({ folder }) => {
    const path = `${folder}/contested`;
    const { etag } = (await put({ path }, 'start')).body;
    const tries = await Promise.all(
      Array.from({ length: 8 }, (_, i) => put({ path }, `by ${i}`, { headers: { 'if-match': etag } })),
    );
    expect(tries.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(tries.filter(({ status }) => status === 412)).toHaveLength(7);
  });
});

describe('a relative path', () => {
  test("starts from the session's cwd, which a running command does not keep", async ({
    session,
    folder,
  }) => {
    await session.exec(`cd ${folder}`);
    const running = session.exec('sleep 60');
    await until(async () => (await session.info()).runningCommand !== null);
    expect((await put({ path: 'here.txt', session: session.id }, 'hi')).status).toBe(201);
    expect((await read({ path: './here.txt', session: session.id })).text).toBe('hi');
    expect((await get<{ path: string }>('/list', { path: '.', session: session.id })).body.path).toBe(folder);
    await session.interrupt();
    await running;
    expect((await session.exec('cat here.txt')).stdout).toBe('hi');
  });

  test('does not expand ~, and means by .. what the kernel does', async ({ session, folder }) => {
    await session.exec(`cd ${folder}; mkdir -p far/away; echo up > far/up; ln -s far/away link`);
    const { id } = session;
    expect((await put({ path: '~', session: id }, 'tilde')).status).toBe(201);
    expect((await session.exec('cat ./~')).stdout).toBe('tilde');
    expect((await read({ path: 'link/../up', session: id })).text).toBe('up\n');
  });

  test('of a session that is not there is a 404, and an absolute one needs none', async ({
    session,
    folder,
  }) => {
    expectError(await get('/list', { path: '.', session: 'none' }), 404, 'SESSION_NOT_FOUND');
    expectError(await get('/list', { path: folder, session: 'none' }), 404, 'SESSION_NOT_FOUND');
    await session.delete();
    expect((await get('/list', { path: folder })).status).toBe(200);
  });
});

describe('what is refused:', () => {
  test('wrong paths and parameters', async ({ folder }) => {
    for (const query of [
      {},
      { path: '' },
      { path: 'a\0b' },
      { path: `/${'x/'.repeat(2_100)}` },
      { path: folder, recursve: true },
      { path: folder, hash: 'perhaps' },
      { path: folder, session: '../x' },
    ] as Record<string, string>[]) {
      expectError(await get('', query), 400, 'INVALID_REQUEST');
    }
    expectError(await put({ path: folder, mode: '9' }, ''), 400, 'INVALID_REQUEST');
    const part = { headers: { 'content-range': 'bytes 0-0/1' } };
    expectError(await put({ path: `${folder}/f` }, 'x', part), 400, 'INVALID_REQUEST');
    expectError(await remove({ path: '/', recursive: true }), 400, 'INVALID_REQUEST');
    expectError(await remove({ path: '/tmp/..', recursive: true }), 400, 'INVALID_REQUEST');
    expectError(await get('', { path: `/tmp/${'x'.repeat(256)}` }), 400, 'NAME_TOO_LONG');
  });

  test('what is not there, a folder in place of a file, a file in place of a folder', async ({ folder }) => {
    const file = `${folder}/file`;
    await put({ path: file }, 'x');
    expectError(await get('', { path: `${folder}/none` }), 404, 'FILE_NOT_FOUND');
    expectError(await remove({ path: `${folder}/none` }), 404, 'FILE_NOT_FOUND');
    expectError(await get('', { path: folder }), 409, 'IS_DIRECTORY');
    expectError(await put({ path: folder }, 'x'), 409, 'IS_DIRECTORY');
    expectError(await remove({ path: folder }), 409, 'IS_DIRECTORY');
    expectError(await get('', { path: `${file}/below` }), 409, 'NOT_DIRECTORY');
    expectError(await put({ path: `${file}/below` }, 'x'), 409, 'NOT_DIRECTORY');
    expectError(await get('/list', { path: file }), 409, 'NOT_DIRECTORY');
  });

  test('a FIFO and a device, which nobody waits for', async ({ session, folder }) => {
    await session.exec(`mkfifo ${folder}/fifo`);
    for (const path of [`${folder}/fifo`, '/dev/zero', '/dev/null']) {
      expectError(await get('', { path }), 409, 'NOT_A_FILE');
      expectError(await put({ path }, 'x'), 409, 'NOT_A_FILE');
    }
  });

  test('a loop of symlinks', async ({ session, folder }) => {
    await session.exec(`ln -s loop ${folder}/loop`);
    expectError(await get('', { path: `${folder}/loop` }), 400, 'INVALID_REQUEST');
    expectError(await put({ path: `${folder}/loop` }, 'x'), 400, 'INVALID_REQUEST');
  });

  test('the environment of the engine and of any other process', async ({ session, folder }) => {
    await session.exec(`ln -s /proc/self/environ ${folder}/innocent`);
    for (const path of [
      '/proc/self/environ',
      '/proc/1/environ',
      '/proc/thread-self/environ',
      `${folder}/innocent`,
    ]) {
      const answer = await get('', { path });
      expectError(answer, 403, 'PERMISSION_DENIED');
    }
  });

  test('a large upload to a folder, whose sender gets to read why', async ({ folder }) => {
    expectError(await put({ path: folder }, new Uint8Array(150_000_000)), 409, 'IS_DIRECTORY');
  });
});

describe('permissions', () => {
  test('are those of the user that the engine runs as', async ({ session, folder, skip }) => {
    if ((await session.exec('id -u')).stdout.trim() === '0') return skip();
    const path = `${folder}/locked`;
    await session.exec('echo x > "$path"; chmod 000 "$path"; mkdir "$path.d"; chmod 555 "$path.d"', {
      env: { path },
    });
    expectError(await get('', { path }), 403, 'PERMISSION_DENIED');
    await session.exec(`chmod 444 ${path}`);
    expectError(await put({ path }, 'y'), 403, 'PERMISSION_DENIED');
    expectError(await put({ path: `${path}.d/new` }, 'y'), 403, 'PERMISSION_DENIED');
    expect((await get('/stat', { path })).body).toMatchObject({
      permissions: { readable: true, writable: false },
    });
  });

  test('of an owner are kept where the engine may', async ({ session, folder, skip }) => {
    if ((await session.exec('id -u')).stdout.trim() !== '0') return skip();
    const path = `${folder}/theirs`;
    await session.exec(`echo x > ${path}; chown 1234:4321 ${path}; chmod 640 ${path}`);
    await put({ path }, 'y');
    expect((await session.exec(`stat -c '%u %g %a' ${path}`)).stdout).toBe('1234 4321 640\n');
  });

  test('where nothing may be written are told as such', async ({ session, skip }) => {
    const { exitCode } = await session.exec('[[ -w /sys/kernel ]] && touch /sys/kernel/x');
    if (exitCode === 0) return skip();
    expect((await put({ path: '/sys/kernel/new-file' }, 'x')).status).toBeOneOf([400, 403]);
  });
});

test('a full disk is told as such, and leaves the old file', async ({ session, folder, skip }) => {
  const mounted = await session.exec(
    `mkdir ${folder}/small && mount -t tmpfs -o size=1m tmpfs ${folder}/small`,
  );
  if (mounted.exitCode !== 0) return skip();
  try {
    const path = `${folder}/small/file`;
    await put({ path }, 'old');
    const over = new Uint8Array(3_000_000);
    expectError(await put({ path }, over), 507, 'DISK_FULL');
    expectError(await put({ path, append: true }, over), 507, 'DISK_FULL');
    expect((await session.exec(`cat ${path}; ls -A ${folder}/small`)).stdout).toBe('oldfile\n');
  } finally {
    await session.exec(`umount ${folder}/small`);
  }
});

test('folders are made, moved, copied and removed', async ({ session, folder }) => {
  await session.exec(`cd ${folder}`);
  const query = { session: session.id };
  expect(await post('/mkdir', { path: 'a' }, query)).toMatchObject({
    status: 201,
    body: { path: `${folder}/a` },
  });
  expectError(await post('/mkdir', { path: 'a' }, query), 409, 'FILE_EXISTS');
  expect((await post('/mkdir', { path: 'a', parents: true }, query)).status).toBe(200);
  expect((await post('/mkdir', { path: 'b/c', parents: true, mode: '700' }, query)).status).toBe(201);
  await put({ path: 'a/one', ...query }, '1');
  await session.exec('ln -s one a/link; chmod 640 a/one');

  expectError(await post('/copy', { from: 'a', to: 'copy' }, query), 409, 'IS_DIRECTORY');
  expect((await post('/copy', { from: 'a', to: 'copy', recursive: true }, query)).status).toBe(201);
  expect((await session.exec('stat -c "%a %F" copy/one; readlink copy/link')).stdout).toBe(
    '640 regular file\none\n',
  );
  expectError(await post('/copy', { from: 'a', to: 'a/in', recursive: true }, query), 400, 'INVALID_REQUEST');
  expectError(await post('/copy', { from: 'a', to: 'b', recursive: true }, query), 409, 'FILE_EXISTS');

  expectError(await post('/move', { from: 'copy/one', to: 'a/one' }, query), 409, 'FILE_EXISTS');
  expect((await post('/move', { from: 'copy/one', to: 'a/one', overwrite: true }, query)).status).toBe(201);
  expectError(await post('/move', { from: 'none', to: 'x' }, query), 404, 'FILE_NOT_FOUND');
  expect((await post('/move', { from: 'copy', to: 'deep/er/copy', parents: true }, query)).status).toBe(201);
  expect((await get('/exists', { path: 'deep/er/copy/link', ...query })).body).toMatchObject({
    exists: false,
  });
  expect((await get('/exists', { path: 'a/link', ...query })).body).toMatchObject({
    exists: true,
    type: 'file',
  });

  expect((await remove({ path: 'a/link', ...query })).status).toBe(204);
  expect((await get('/exists', { path: 'a/one', ...query })).body).toMatchObject({ exists: true });
  expect((await remove({ path: 'deep', recursive: true, ...query })).status).toBe(204);
  expect((await session.exec('ls -A')).stdout).toBe('a\nb\n');
});

test('what is moved to another file system arrives', async ({ session, folder, skip }) => {
  const other = (await session.exec('mktemp -d -p /dev/shm')).stdout.trim();
  if (!other) return skip();
  try {
    await session.exec(`cd ${folder}; mkdir d; echo 1 > d/f; ln -s f d/l; chmod 750 d`);
    expect((await post('/move', { from: `${folder}/d`, to: `${other}/d` })).status).toBe(201);
    const { stdout } = await session.exec(
      `cat ${other}/d/l; stat -c %a ${other}/d; ls -A ${folder}; ls -A ${other}`,
    );
    expect(stdout).toBe('1\n750\nd\n');
  } finally {
    await session.exec(`rm -rf ${other}`);
  }
});

test('200 MB go up and come down', { timeout: 120_000 }, async ({ folder }) => {
  const path = `${folder}/big`;
  const piece = randomBytes(1_000_000);
  const hash = createHash('sha256');
  for (let i = 0; i < 200; i += 1) hash.update(piece);
  const etag = `"sha256-${hash.digest('hex')}"`;
  let left = 200;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left === 0) return controller.close();
      left -= 1;
      controller.enqueue(piece);
    },
  });
  const init = { method: 'PUT', body, headers: target.headers, duplex: 'half' } as RequestInit;
  const answer = await fetch(target.url + filesPath('', { path }), init);
  expect(await answer.json()).toMatchObject({ size: 200_000_000, etag });
  const back = createHash('sha256');
  const download = await request('GET', filesPath('', { path }));
  expect(download.headers.get('content-length')).toBe('200000000');
  for await (const chunk of download.body!) back.update(chunk);
  expect(`"sha256-${back.digest('hex')}"`).toBe(etag);
});

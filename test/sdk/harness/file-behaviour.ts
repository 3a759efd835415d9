// What files are for their user, the same over every way to them: these tests run against an engine, a Worker, and
// inside workerd on the Durable Object. So nothing of Node is in here.
import { test as base, expect } from 'vitest';
import { errorCode, type FileEvent, type Sandbox } from '../../../sdk/index.ts';
import { rejection } from './collect.ts';

export function fileBehaviour(sandboxOf: () => Sandbox): void {
  const test = base.extend<{ folder: string }>({
    folder: async ({ task: _ }, use) => {
      const folder = (await sandboxOf().exec('mktemp -d')).stdout.trim();
      await use(folder);
      await sandboxOf().deleteFile(folder, { recursive: true });
    },
  });
  const codeOf = async (call: Promise<unknown>) => errorCode(await rejection(call));

  test('a file is written and read: text, bytes, base64 and a stream', async ({ folder }) => {
    const sandbox = sandboxOf();
    const path = `${folder}/f`;
    const written = await sandbox.writeFile(path, 'héllo');
    expect(written).toMatchObject({ success: true, path, bytesWritten: 6, created: true });
    expect(await sandbox.readFile(path)).toMatchObject({
      success: true,
      content: 'héllo',
      encoding: 'utf-8',
      isBinary: false,
      size: 6,
      etag: written.etag,
    });
    const bytes = Uint8Array.of(0, 255, 10);
    await sandbox.writeFile(path, bytes);
    expect(await sandbox.readFile(path)).toMatchObject({
      content: 'AP8K',
      encoding: 'base64',
      isBinary: true,
    });
    await sandbox.writeFile(path, 'aGk=', { encoding: 'base64' });
    expect((await sandbox.readFile(path, { encoding: 'base64' })).content).toBe('aGk=');
    const { content, size } = await sandbox.readFile(path, { encoding: 'none' });
    expect([await new Response(content).text(), size]).toEqual(['hi', 2]);
    await sandbox.writeFile(path, new Blob(['one', 'two']).stream());
    await sandbox.writeFile(path, 'three', { append: true });
    expect((await sandbox.readFile(path)).content).toBe('onetwothree');
    expect(await new Response(await sandbox.readFileStream(path, { from: 3, to: 6 })).text()).toBe('two');
  });

  test('a large stream goes up and comes down unaltered', async ({ folder }) => {
    const sandbox = sandboxOf();
    const piece = new Uint8Array(100_000).map((_, i) => (i * 31) % 251);
    let left = 100;
    const up = new ReadableStream<Uint8Array>({
      pull(controller) {
        left -= 1;
        if (left < 0) controller.close();
        else controller.enqueue(piece.slice());
      },
    });
    const { size } = await sandbox.writeFile(`${folder}/large`, up);
    expect(size).toBe(10_000_000);
    let at = 0;
    let same = true;
    for await (const chunk of (await sandbox.readFileStream(
      `${folder}/large`,
    )) as unknown as AsyncIterable<Uint8Array>) {
      for (const byte of chunk) {
        same &&= byte === piece[at % piece.length];
        at += 1;
      }
    }
    expect([at, same]).toEqual([10_000_000, true]);
  });

  test('a stream that fails on its way up leaves the old file', async ({ folder }) => {
    const sandbox = sandboxOf();
    const path = `${folder}/kept`;
    await sandbox.writeFile(path, 'old');
    let pulled = 0;
    const failing = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        if (pulled < 10) controller.enqueue(new Uint8Array(50_000));
        else controller.error(new Error('gave up'));
      },
    });
    await rejection(sandbox.writeFile(path, failing));
    await sandbox.writeFile(`${folder}/after`, '');
    expect((await sandbox.readFile(path)).content).toBe('old');
    expect((await sandbox.listFiles(folder, { includeHidden: true })).files.map(({ name }) => name)).toEqual([
      'after',
      'kept',
    ]);
  });

  test('an upload and a download end with their signal', async ({ folder }) => {
    const sandbox = sandboxOf();
    const path = `${folder}/kept`;
    await sandbox.writeFile(path, 'old');
    const leaving = new AbortController();
    const { signal } = leaving;
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      async pull(controller) {
        pulled += 1;
        if (pulled < 10) controller.enqueue(new Uint8Array(50_000));
        else if (pulled === 10) leaving.abort(new Error('enough'));
        else await new Promise(() => {});
      },
    });
    await expect(sandbox.writeFile(path, endless, { signal })).rejects.toThrow('enough');
    await expect(sandbox.readFile(path, { signal })).rejects.toThrow('enough');
    expect((await sandbox.readFile(path)).content).toBe('old');
  });

  test('a write over what somebody changed is refused', async ({ folder }) => {
    const sandbox = sandboxOf();
    const path = `${folder}/f`;
    const { etag } = await sandbox.writeFile(path, 'one', { ifNoneMatch: '*' });
    await sandbox.writeFile(path, 'two', { ifMatch: etag! });
    expect(await codeOf(sandbox.writeFile(path, 'three', { ifMatch: etag! }))).toBe('FILE_CHANGED');
    expect(await codeOf(sandbox.writeFile(path, 'three', { ifNoneMatch: '*' }))).toBe('FILE_CHANGED');
    expect((await sandbox.readFile(path)).content).toBe('two');
  });

  test('folders are made, listed, moved, copied and removed', async ({ folder }) => {
    const sandbox = sandboxOf();
    const session = await sandbox.createSession({ cwd: folder });
    expect(await session.mkdir('a/b', { recursive: true })).toMatchObject({ success: true, recursive: true });
    await session.writeFile('a/.hidden', 'x');
    await session.writeFile('a/b/f', 'hi', { mode: '755' });
    const { files, count } = await session.listFiles('.', { recursive: true });
    expect(count).toBe(3);
    expect(files[2]).toMatchObject({
      name: 'f',
      relativePath: 'a/b/f',
      absolutePath: `${folder}/a/b/f`,
      type: 'file',
      size: 2,
      mode: '755',
    });
    expect((await session.listFiles('a', { includeHidden: true })).count).toBe(2);
    expect(await session.renameFile('a/b/f', 'a/g')).toMatchObject({ success: true, newPath: 'a/g' });
    await session.copyFile('a', 'c', { recursive: true });
    expect(await codeOf(session.copyFile('a/g', 'c/g'))).toBe('FILE_EXISTS');
    await session.moveFile('a/g', 'c/g');
    expect(await session.exists('a/g')).toMatchObject({ success: true, exists: false });
    expect(await session.statFile('c/g')).toMatchObject({ type: 'file', size: 2 });
    expect(await codeOf(session.deleteFile('c'))).toBe('IS_DIRECTORY');
    await session.deleteFile('c', { recursive: true });
    expect(await codeOf(session.readFile('c/g'))).toBe('FILE_NOT_FOUND');
    await sandbox.deleteSession(session.id);
  });

  test('a folder of more than one page is listed whole', async ({ folder }) => {
    const sandbox = sandboxOf();
    await sandbox.exec(`cd ${folder} && seq 10500 | xargs touch; cd /`);
    const { files, count } = await sandbox.listFiles(folder);
    expect(count).toBe(10_500);
    expect(new Set(files.map(({ name }) => name)).size).toBe(10_500);
  });

  test('text is found and replaced', async ({ folder }) => {
    const sandbox = sandboxOf();
    await sandbox.writeFile(`${folder}/a.ts`, 'const a = 1;\nconst b = a;\n');
    const { matches } = await sandbox.searchFiles(folder, 'const \\w = a', {
      regex: true,
      include: ['*.ts'],
    });
    expect(matches).toEqual([{ path: `${folder}/a.ts`, line: 2, column: 1, text: 'const b = a;' }]);
    expect(await codeOf(sandbox.replaceInFiles(folder, 'const', 'let', { expected: 1 }))).toBe(
      'COUNT_MISMATCH',
    );
    expect((await sandbox.replaceInFiles(folder, 'const', 'let', { expected: 2 })).replacements).toBe(2);
    expect((await sandbox.readFile(`${folder}/a.ts`)).content).toBe('let a = 1;\nlet b = a;\n');
  });

  test('a folder is packed and unpacked', async ({ folder }) => {
    const sandbox = sandboxOf();
    await sandbox.writeFile(`${folder}/from/deep/f`, 'x'.repeat(300_000), { parents: true });
    for (const gzip of [false, true]) {
      const to = `${folder}/to-${gzip}`;
      const { bytes } = await sandbox.unpackArchive(to, await sandbox.packFolder(`${folder}/from`, { gzip }));
      expect(bytes).toBe(300_000);
      expect((await sandbox.readFile(`${to}/deep/f`)).size).toBe(300_000);
    }
    expect(await codeOf(sandbox.unpackArchive(folder, new Uint8Array(100)))).toBe('INVALID_ARCHIVE');
  });

  test('changes are watched from when the call resolves', async ({ folder }) => {
    const sandbox = sandboxOf();
    const leaving = new AbortController();
    const changes = await sandbox.watch(folder, { exclude: ['*.tmp'], signal: leaving.signal });
    await sandbox.exec(`cd ${folder} && touch a.tmp && echo x > a && mv a b; cd /`);
    const seen: FileEvent[] = [];
    for await (const change of changes) {
      seen.push(change);
      if (change.type === 'move') break;
    }
    expect(seen[0]).toMatchObject({ type: 'create', path: `${folder}/a`, isDirectory: false });
    expect(seen.at(-1)).toMatchObject({ type: 'move', path: `${folder}/b`, oldPath: `${folder}/a` });
    const again = await sandbox.watch(folder, { signal: leaving.signal });
    const next = again.next();
    leaving.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
    expect(await codeOf(sandbox.watch(`${folder}/none`))).toBe('FILE_NOT_FOUND');
  });
}

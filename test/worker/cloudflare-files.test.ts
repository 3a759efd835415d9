// Files and git under the names of `@cloudflare/sandbox`, in workerd, on a real engine.
import { env } from 'cloudflare:workers';
import { test as base, expect } from 'vitest';
import {
  collectFile,
  errorCode,
  type FileWatchSSEEvent,
  getSandbox,
  type ISandbox,
  parseSSEStream,
  streamFile,
} from '../../cloudflare/index.ts';
import { collect } from '../sdk/harness/collect.ts';

const codeOf = (call: Promise<unknown>) => call.then(() => undefined, errorCode);

const test = base.extend<{ sandbox: ISandbox; folder: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: what comes first must be a pattern
  sandbox: async ({}, use) => {
    const sandbox = getSandbox(env.SANDBOX, `cf-${crypto.randomUUID()}`);
    await use(sandbox);
    await sandbox.destroy();
  },
  folder: async ({ sandbox }, use) => {
    const { stdout } = await sandbox.exec('mktemp -d');
    await use(stdout.trim());
    await sandbox.exec(`cd / && rm -r ${stdout}`);
  },
});

test('files are written, read, listed, moved and removed', async ({ sandbox, folder }) => {
  const at = (name: string) => `${folder}/${name}`;
  expect(await sandbox.mkdir(at('a/b'), { recursive: true })).toMatchObject({
    success: true,
    recursive: true,
  });
  expect(await sandbox.writeFile(at('a/f'), 'text')).toMatchObject({ success: true, path: at('a/f') });
  expect(await sandbox.readFile(at('a/f'))).toMatchObject({
    success: true,
    content: 'text',
    encoding: 'utf-8',
    isBinary: false,
    size: 4,
  });
  await sandbox.writeFile(at('bin'), 'AP8=', { encoding: 'base64' });
  expect(await sandbox.readFile(at('bin'))).toMatchObject({
    content: 'AP8=',
    encoding: 'base64',
    isBinary: true,
  });
  const { content } = await sandbox.readFile(at('bin'), { encoding: 'none' });
  expect(new Uint8Array(await new Response(content).arrayBuffer())).toEqual(new Uint8Array([0, 255]));
  await sandbox.writeFile(at('streamed'), new Blob(['from a stream']).stream());
  expect((await sandbox.readFile(at('streamed'))).content).toBe('from a stream');
  const { files, count } = await sandbox.listFiles(folder, { recursive: true });
  expect(count).toBe(files.length);
  expect(files.map(({ relativePath, type }) => [relativePath, type])).toContainEqual(['a/f', 'file']);
  expect(await sandbox.renameFile(at('a/f'), at('a/g'))).toMatchObject({ success: true, newPath: at('a/g') });
  expect(await sandbox.moveFile(at('a/g'), at('h'))).toMatchObject({ success: true, path: at('a/g') });
  expect(await sandbox.exists(at('h'))).toMatchObject({ success: true, exists: true });
  expect((await sandbox.exists(at('a/g'))).exists).toBe(false);
  expect(await sandbox.deleteFile(at('h'))).toMatchObject({ success: true, path: at('h') });
  expect(await codeOf(sandbox.readFile(at('h')))).toBe('FILE_NOT_FOUND');
  expect(await codeOf(sandbox.mkdir(at('a')))).toBe('FILE_EXISTS');
});

test('relative paths start from where the session is', async ({ sandbox, folder }) => {
  const session = await sandbox.createSession({ id: 'there', cwd: folder });
  await session.writeFile('here.txt', 'x');
  expect((await sandbox.readFile(`${folder}/here.txt`)).content).toBe('x');
  expect((await sandbox.exists('here.txt', 'there')).exists).toBe(true);
  expect((await sandbox.listFiles('.', { sessionId: 'there' })).count).toBe(1);
});

test('a file streams as events, and comes back as text or bytes', async ({ sandbox, folder }) => {
  const text = 'äöü€ '.repeat(200_000);
  await sandbox.writeFile(`${folder}/text`, text);
  const stream = await sandbox.readFileStream(`${folder}/text`);
  const { content, metadata } = await collectFile(stream);
  expect(content === text).toBe(true);
  expect(metadata).toMatchObject({ encoding: 'utf-8', isBinary: false, mimeType: 'text/plain' });
  expect(metadata.size).toBe(new TextEncoder().encode(text).length);

  await sandbox.exec(`head -c 300000 /dev/urandom > ${folder}/bytes`);
  const binary = await collectFile(await sandbox.readFileStream(`${folder}/bytes`));
  const { stdout } = await sandbox.exec(`sha256sum < ${folder}/bytes`);
  const digest = await crypto.subtle.digest('SHA-256', binary.content as Uint8Array<ArrayBuffer>);
  expect(stdout).toContain(new Uint8Array(digest).toHex());
  expect(binary.metadata).toMatchObject({ isBinary: true, size: 300_000 });

  await sandbox.writeFile(`${folder}/empty`, '');
  expect(await collect(streamFile(await sandbox.readFileStream(`${folder}/empty`)))).toEqual([]);
  expect(await codeOf(sandbox.readFileStream(`${folder}/none`))).toBe('FILE_NOT_FOUND');
});

test('what begins as text and is none is refused, not altered', async ({ sandbox, folder }) => {
  await sandbox.exec(`{ head -c 3000000 /dev/zero | tr '\\0' a; printf '\\377'; } > ${folder}/mixed`);
  const reading = collectFile(await sandbox.readFileStream(`${folder}/mixed`));
  expect(await codeOf(reading)).toBe('INVALID_REQUEST');
});

test('changes are watched from when the call resolves', async ({ sandbox, folder }) => {
  const leaving = new AbortController();
  const stream = await sandbox.watch(folder, { exclude: ['*.tmp'], signal: leaving.signal });
  await sandbox.exec(`cd ${folder} && touch a.tmp && echo x > a && mv a b; cd /`);
  const seen: FileWatchSSEEvent[] = [];
  for await (const event of parseSSEStream<FileWatchSSEEvent>(stream)) {
    seen.push(event);
    if (event.type === 'event' && event.eventType === 'move_to') break;
  }
  expect(seen[0]).toMatchObject({ type: 'watching', path: folder });
  expect(seen[1]).toMatchObject({ type: 'event', eventType: 'create', path: `${folder}/a` });
  expect(seen.at(-2)).toMatchObject({ eventType: 'move_from', path: `${folder}/a`, isDirectory: false });
  expect(seen.at(-1)).toMatchObject({ eventType: 'move_to', path: `${folder}/b` });
  const again = await sandbox.watch(folder, { signal: leaving.signal });
  const reading = collect(parseSSEStream(again));
  leaving.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
  expect(await codeOf(sandbox.watch(`${folder}/none`))).toBe('FILE_NOT_FOUND');
});

test('a repository is cloned, whatever its names hold', async ({ sandbox, folder }) => {
  const origin = `${folder}/it's $HOME.git`;
  const git = 'git -c user.name=n -c user.email=e@x -c init.defaultBranch=trunk';
  await sandbox.writeFile(
    `${folder}/origin.sh`,
    `cd "$(dirname "$0")" && ${git} init -q "it's \\$HOME.git" && cd it* && for n in 1 2 3; do ${git} commit -q --allow-empty -m $n; done && git branch side`,
  );
  expect((await sandbox.exec(`sh ${folder}/origin.sh`)).stderr).toBe('');
  const session = await sandbox.createSession({ cwd: folder });
  const cloned = await session.gitCheckout(`file://${origin}`, { targetDir: '-x; echo $PWD' });
  expect(cloned).toMatchObject({ success: true, branch: 'trunk', targetDir: `${folder}/-x; echo $PWD` });
  expect(cloned.repoUrl).toBe(`file://${origin}`);
  const shallow = await session.gitCheckout(`file://${origin}`, {
    branch: 'side',
    depth: 1,
    targetDir: 'shallow',
  });
  expect(shallow.branch).toBe('side');
  const { stdout } = await session.exec(
    'cd shallow && git log --oneline | wc -l && git branch --show-current',
  );
  expect(stdout.split('\n').map((line) => line.trim())).toEqual(['1', 'side', '']);
  const absent = await session.gitCheckout(`file://${folder}/none`).catch((error: Error) => error);
  expect(errorCode(absent)).toBe('GIT_FAILED');
  const thrown = await session
    .gitCheckout(`file://name:secret@${folder}/none`)
    .catch((error: Error) => error);
  expect(errorCode(thrown)).toBe('INVALID_REQUEST');
  expect((thrown as Error).message).not.toContain('secret');
  expect(await sandbox.listProcesses()).toEqual([]);
});

// A clone is whole, or nothing of it is left; its credentials are nowhere but with git.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { CommandInfo, GitEvent } from '#protocol';
import { api, expectError, target } from './harness/api.ts';
import { clone, cloneEvents, makeRepositories, running, serveRepositories } from './harness/git.ts';
import { test as base } from './harness/session.ts';
import { until } from './harness/until.ts';

type Server = Awaited<ReturnType<typeof serveRepositories>>;

const test = base.extend<{ repo: string; password: string; server: Server; names: () => Promise<string> }>({
  repo: async ({ session, folder }, use) => {
    await makeRepositories(session, folder);
    await use(`${folder}/repo.git`);
  },
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names from it
  password: async ({}, use) => await use(`p@ss:${crypto.randomUUID()}`),
  server: async ({ session, folder, repo: _, password }, use) => {
    await use(await serveRepositories(session, folder, 'ann', password));
  },
  /** What is in the folder. */
  names: async ({ session, folder }, use) => {
    await use(async () => (await session.exec('ls -A "$folder"', { env: { folder } })).stdout);
  },
});

const all = async (events: AsyncIterable<GitEvent>) => {
  const list: GitEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
};

describe('a clone of a path', () => {
  test('is told with where it is, its commit and its branch', async ({ session, folder, repo }) => {
    const { status, body } = await clone({ url: repo, dir: `${folder}/here/deep` });
    expect(status, JSON.stringify(body)).toBe(200);
    const shown = await session.exec(`cd ${folder}/here/deep && git rev-parse HEAD && cat README`);
    expect(shown.stdout).toBe(`${body.commit}\none\n`);
    expect(body).toEqual({ dir: `${folder}/here/deep`, commit: body.commit, branch: 'main' });
  });

  test('goes where the session is, under the repository’s name, while a command runs there', async ({
    session,
    folder,
    repo: _,
  }) => {
    await session.exec(`cd ${folder}`);
    const running = session.exec('read -r line; echo "$line"', { stdinOpen: true });
    await until(async () => (await session.info()).runningCommand);
    const { body } = await clone({ url: './repo.git', session: session.id });
    expect(body).toMatchObject({ dir: `${folder}/repo`, branch: 'main' });
    await session.interrupt();
    expect((await running).exitCode).toBe(130);
  });

  test('takes a branch or a tag, and no more commits than asked for', async ({ session, folder, repo }) => {
    const options = { url: repo, branch: 'other', depth: 1, dir: `${folder}/shallow` };
    expect((await clone(options)).body).toMatchObject({ branch: 'other' });
    const log = await session.exec(`cd ${folder}/shallow && git log --oneline | wc -l && cat README`);
    expect(log.stdout.trim().split(/\s+/)).toEqual(['1', 'two']);
    const tag = await clone({ url: `file://${repo}`, branch: 'v1', dir: `${folder}/tag` });
    expect(tag.body).toMatchObject({ branch: null, commit: expect.stringMatching(/^[0-9a-f]{40}$/) });
  });

  test('of a repository without commits has a branch and no commit', async ({ folder, repo: _ }) => {
    const { body } = await clone({ url: `${folder}/empty.git`, dir: `${folder}/e` });
    expect(body).toEqual({
      dir: `${folder}/e`,
      commit: null,
      branch: expect.stringMatching(/^(main|master)$/),
    });
  });
});

describe('over HTTP', () => {
  test('progress is told, then the end, and credentials in the URL are taken out of it', async ({
    session,
    folder,
    server,
    password,
  }) => {
    const url = `http://ann:${encodeURIComponent(password)}@${server.host}/closed/repo.git`;
    const events = await all(cloneEvents({ url, dir: `${folder}/c` }));
    const told = JSON.stringify(events);
    expect(events.at(-1)).toMatchObject({ type: 'done', dir: `${folder}/c`, branch: 'main' });
    const progress = events.slice(0, -1);
    expect(
      progress.every(({ type }) => type === 'progress'),
      told,
    ).toBe(true);
    const received = progress.filter((event) => 'phase' in event && event.phase === 'Receiving objects');
    expect(received.at(-1)).toMatchObject({ percent: 100, receivedBytes: expect.any(Number) });
    const config = await session.exec(
      `cat ${folder}/c/.git/config; cd ${folder}/c; git remote get-url origin`,
    );
    expect(config.stdout).toContain(`http://${server.host}/closed/repo.git\n`);
    expect(config.stdout + told).not.toContain(password.slice(5));
    expect(config.stdout).not.toMatch(/@|credential/);
  });

  test('while it runs nothing of the credentials is in any process, nor afterwards in any file', async ({
    session,
    folder,
    server,
    password,
  }) => {
    const secret = password.slice(5);
    const leaving = new AbortController();
    const body = {
      url: `http://${server.host}/half/repo.git`,
      dir: `${folder}/c`,
      auth: { username: 'ann', password },
    };
    const events = cloneEvents(body, { signal: leaving.signal });
    await events.next();
    await until(async () => (await running(session, body.dir, 'git index-pack')).length > 0);
    // The halves meet in a builtin, so the search does not find itself.
    const half = { a: secret.slice(0, 9), b: secret.slice(9) };
    const found = await session.exec(
      `found=$(printf %s%s "$a" "$b" | grep -slFf - /proc/[0-9]*/cmdline /proc/[0-9]*/environ)
       seen=$(printf %s%s git- remote | grep -slFf - /proc/[0-9]*/cmdline); echo "$found|\${seen:+seen}"`,
      { env: half },
    );
    expect(found.stdout).toBe('|seen\n');
    leaving.abort();
    await all(events).catch(() => {});
    const done = await clone({ ...body, url: `http://${server.host}/closed/repo.git`, dir: `${folder}/d` });
    expect(done.status, JSON.stringify(done.body)).toBe(200);
    const kept = await session.exec(`printf %s%s "$a" "$b" | grep -rslFf - ${folder} ~/.git-credentials`, {
      env: half,
    });
    expect(kept.stdout).toBe('');
    const { commands } = (await api<{ commands: CommandInfo[] }>('GET', '/commands')).body;
    expect(JSON.stringify(commands)).not.toContain(secret);
    if (target.engine) expect(holding(target.engine.stateDir, secret)).toEqual([]);
  });

  test('a token is a password, and wrong or missing credentials are GIT_AUTH_FAILED', async ({
    session,
    folder,
    server,
    password,
    names,
  }) => {
    const before = await names();
    const url = `http://${server.host}/closed/repo.git`;
    const dir = `${folder}/c`;
    expectError(await clone({ url, dir }), 403, 'GIT_AUTH_FAILED');
    const wrong = await clone({ url, dir, auth: { username: 'ann', password: 'not-the-word' } });
    expect(expectError(wrong, 403, 'GIT_AUTH_FAILED')).not.toContain('not-the-word');
    const last = (await all(cloneEvents({ url, dir, auth: { token: 'not-the-word' } }))).at(-1);
    expect(last).toMatchObject({ type: 'error', code: 'GIT_AUTH_FAILED' });
    expect(JSON.stringify(last)).not.toContain('not-the-word');
    expect(await names()).toBe(before);
    const right = await clone({ url, dir, auth: { username: 'ann', token: password } });
    expect(right.status, JSON.stringify(right.body)).toBe(200);
    expect((await session.exec(`cd ${dir} && git status --short`)).stdout).toBe('');
  });

  test('a server that repeats the credentials does not get them into a message', async ({
    folder,
    server,
    password,
  }) => {
    const answer = await clone({
      url: `http://${server.host}/rude/repo.git`,
      dir: `${folder}/c`,
      auth: { username: 'ann', password },
    });
    const message = expectError(answer, 422, 'GIT_FAILED');
    expect(message).not.toContain(password);
    expect(message).not.toContain(Buffer.from(`ann:${password}`).toString('base64'));
  });

  test('credentials are for the host that was named: another one, where a redirect leads, gets none', async ({
    folder,
    server,
    password,
  }) => {
    const answer = await clone({
      url: `http://${server.host}/moved/repo.git`,
      dir: `${folder}/c`,
      auth: { username: 'ann', password },
    });
    expectError(answer, 403, 'GIT_AUTH_FAILED');
    const elsewhere = (await server.seen()).filter((line) => line.startsWith('localhost'));
    expect(elsewhere.length).toBeGreaterThan(0);
    expect(elsewhere.filter((line) => line.endsWith(' with'))).toEqual([]);
  });
});

describe('nothing is left of a clone', () => {
  test('whose client left, nor does anything of it run on', async ({
    session,
    folder,
    server,
    password,
    names,
  }) => {
    const before = await names();
    const url = `http://${server.host}/half/repo.git`;
    const leaving = new AbortController();
    const dir = `${folder}/made/c`;
    const events = cloneEvents({ url, dir, auth: { username: 'ann', password } }, { signal: leaving.signal });
    expect((await events.next()).value).toMatchObject({ type: 'progress' });
    await until(async () => (await running(session, dir, 'git index-pack')).length > 0);
    leaving.abort();
    await expect(all(events)).rejects.toThrow();
    await until(async () => (await names()) === before);
    expect(await running(session, dir, 'git')).toEqual([]);
  });

  test('that took too long', async ({ session, folder, server, password, names }) => {
    await session.exec(`mkdir ${folder}/mine`);
    const before = await names();
    const url = `http://${server.host}/half/repo.git`;
    const options = { url, auth: { username: 'ann', password }, timeoutMs: 2_000 };
    const answer = await clone({ ...options, dir: `${folder}/mine` });
    expect(answer.body).toMatchObject({ error: { code: 'GIT_TIMED_OUT', retryable: true } });
    expect(await names()).toBe(before);
    expect((await session.exec(`ls -A ${folder}/mine`)).stdout).toBe('');
  });

  test('of a branch that is not there', async ({ folder, repo, names }) => {
    const before = await names();
    const answer = await clone({ url: repo, branch: 'nowhere', dir: `${folder}/c` });
    expect(expectError(answer, 422, 'GIT_FAILED')).toMatch(/branch nowhere not found/);
    expectError(await clone({ url: `${folder}/none.git`, dir: `${folder}/a/b/c` }), 422, 'GIT_FAILED');
    expect(await names()).toBe(before);
  });
});

describe('refused is', () => {
  test('a folder with something in it, which is left as it is', async ({ session, folder, repo }) => {
    await session.exec(
      `mkdir ${folder}/c ${folder}/empty; echo mine > ${folder}/c/f; echo x > ${folder}/file`,
    );
    expectError(await clone({ url: repo, dir: `${folder}/c` }), 409, 'FILE_EXISTS');
    expectError(await clone({ url: repo, dir: `${folder}/file` }), 409, 'FILE_EXISTS');
    expect((await session.exec(`cat ${folder}/c/f; ls -A ${folder}/c`)).stdout).toBe('mine\nf\n');
    expect((await clone({ url: repo, dir: `${folder}/empty` })).status).toBe(200);
  });

  test('a second clone into the folder of one that is under way', async ({ folder, server, password }) => {
    const leaving = new AbortController();
    const body = {
      url: `http://${server.host}/half/repo.git`,
      dir: `${folder}/c`,
      auth: { username: 'ann', password },
    };
    const events = cloneEvents(body, { signal: leaving.signal });
    await events.next();
    expectError(await clone(body), 409, 'RESOURCE_BUSY');
    leaving.abort();
    await all(events).catch(() => {});
  });

  test.for<[string, Record<string, unknown>]>([
    ['an option for a URL', { url: '--upload-pack=touch /tmp/pwned' }],
    ['a program for a URL', { url: 'ext::sh -c touch% /tmp/pwned' }],
    ['a scheme that is none of git’s', { url: 'ftp://example.com/x' }],
    ['an option for a branch', { url: '/nowhere', branch: '--upload-pack=x' }],
    ['a line break in a password', { url: 'https://example.com/x', auth: { password: 'a\nhost=evil' } }],
    ['credentials for what is not HTTP', { url: 'git@example.com:x', auth: { token: 'secret-token' } }],
    ['credentials twice', { url: 'https://a:b@example.com/x', auth: { token: 'secret-token' } }],
    ['a depth of nothing', { url: '/nowhere', depth: 0 }],
    ['a URL without a name, where no dir is given', { url: 'https://example.com/' }],
    ['what is misspelt', { url: '/nowhere', brnach: 'x' }],
  ])('%s', async ([, body], { session: _ }) => {
    const answer = await clone(body);
    expect(expectError(answer, 400, 'INVALID_REQUEST')).not.toContain('secret-token');
  });

  test('a session that is not there', async ({ repo, folder }) => {
    const answer = await clone({ url: repo, dir: `${folder}/c`, session: 'nobody' });
    expectError(answer, 404, 'SESSION_NOT_FOUND');
  });
});

/** The files below the folder that hold the text. */
function holding(folder: string, text: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  return paths.filter((path) => readFileSync(path).includes(text));
}

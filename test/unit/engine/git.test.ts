// What of a clone is pure: the URL taken apart, git's progress and its complaints.
import { describe, expect, test } from 'vitest';
import { GitCloneRequest } from '#protocol';
import { gitAddress } from '../../../container/engine/git/address.ts';
import { gitError, withoutCredentials } from '../../../container/engine/git/complaint.ts';
import { GitStderr, progressIn } from '../../../container/engine/git/progress.ts';

const refused = (url: string) => !GitCloneRequest.safeParse({ url }).success;

describe('a URL', () => {
  test('is given to git without the credentials that stand in it', () => {
    expect(gitAddress('https://ann:p%40ss@Git.Example:443/a/b.git?x#y')).toEqual({
      url: 'https://git.example/a/b.git?x#y',
      isPath: false,
      name: 'b',
      origin: 'https://git.example',
      credentials: { username: 'ann', password: 'p@ss' },
    });
    expect(gitAddress('http://tok@h:81/r')).toMatchObject({
      url: 'http://h:81/r',
      origin: 'http://h:81',
      credentials: { username: 'tok', password: '' },
    });
    // What is no userinfo to one reader must be none to the other.
    expect(gitAddress('https://a\\@b/r').url).toBe('https://a/@b/r');
  });

  test.for([
    ['https://h/a/repo.git', 'repo'],
    ['https://h/a/repo/', 'repo'],
    ['https://h/a/my%20repo.git/', 'my repo'],
    ['git@h:a/repo.git', 'repo'],
    ['h:repo', 'repo'],
    ['ssh://git@h/~/repo', 'repo'],
    ['/srv/repo/.git', 'repo'],
    ['../repo.git', 'repo'],
    ['file:///srv/repo.git', 'repo'],
    ['https://h/', undefined],
    ['..', undefined],
    ['https://h/a/%2e%2e', undefined],
    ['https://h/%2Fetc%2Fx', undefined],
  ])('%s is named %s', ([url, name]) => {
    expect(gitAddress(url!).name).toBe(name);
  });

  test.for(['--upload-pack=x', 'ext::sh -c id', 'a::b', '::x', 'https://h/a\nb', 'https://h/a\0b', ''])(
    '%j is refused before anything looks at it',
    (url) => {
      expect(refused(url)).toBe(true);
    },
  );

  test.for(['ftp://h/r', 'ext://x', 'http://', 'https://%zz@h/r', 'https://u:%0a@h/r', 'ssh://u:pw@h/r'])(
    '%j is INVALID_REQUEST',
    (url) => {
      expect(() => gitAddress(url)).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }));
    },
  );

  test('takes auth over HTTP alone, and once', () => {
    const auth = { token: 't' };
    expect(gitAddress('https://h/r', auth).credentials).toEqual({
      username: 'x-access-token',
      password: 't',
    });
    for (const url of ['git@h:r', 'ssh://h/r', '/srv/r', 'https://u@h/r']) {
      expect(() => gitAddress(url, auth), url).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }));
    }
  });
});

describe('progress', () => {
  test('is read from what git writes, however it is cut', () => {
    const stderr = new GitStderr();
    const written =
      "Cloning into '/w/r'...\nremote: Enumerating objects: 5, done.        \nremote: Counting objects: 100% (5/5), done.\n" +
      'Receiving objects:  45% (9/20), 1.50 MiB | 500.00 KiB/s\rReceiving objects: 100% (20/20), done.\nremote: hello\nfatal: oh';
    const told = [...written].flatMap((char) => stderr.take(char));
    expect(told).toEqual([
      { phase: 'Enumerating objects', count: 5 },
      { phase: 'Counting objects', percent: 100, count: 5, total: 5 },
      { phase: 'Receiving objects', percent: 45, count: 9, total: 20, receivedBytes: 1_572_864 },
      { phase: 'Receiving objects', percent: 100, count: 20, total: 20 },
    ]);
    expect(stderr.complaint).toEqual(["Cloning into '/w/r'...", 'remote: hello', 'fatal: oh']);
  });

  test('is only what is known: a server cannot say anything it likes', () => {
    expect(progressIn('remote: Your password is hunter2: 5, done.')).toBeUndefined();
    expect(progressIn('remote: Counting objects: many')).toBeUndefined();
  });
});

describe('a complaint', () => {
  const credentials = { username: 'ann', password: 'p@ss w0rd' };

  test('holds git’s words without the credentials, in every form that a server has seen them', () => {
    const basic = Buffer.from('ann:p@ss w0rd').toString('base64');
    const lines = [`remote: got Basic ${basic}`, 'fatal: p@ss w0rd', 'fatal: p%40ss%20w0rd https://x:y@h/r'];
    const { message, code } = gitError(lines, credentials);
    expect(code).toBe('GIT_FAILED');
    expect(message).toContain('remote: got Basic ***\nfatal: ***\nfatal: *** https://***@h/r');
    expect(withoutCredentials('user ann', credentials)).toBe('user ann');
    expect(withoutCredentials('token T0ken', { username: 'T0ken', password: '' })).toBe('token ***');
  });

  test.for([
    ["fatal: Authentication failed for 'https://h/r/'", 'GIT_AUTH_FAILED'],
    ["fatal: could not read Username for 'https://h': terminal prompts disabled", 'GIT_AUTH_FAILED'],
    ["fatal: unable to access 'https://h/r/': The requested URL returned error: 403", 'GIT_AUTH_FAILED'],
    ['git@h: Permission denied (publickey).', 'GIT_AUTH_FAILED'],
    ['fatal: write error: No space left on device', 'DISK_FULL'],
    ["fatal: destination path 'x' already exists and is not an empty directory.", 'FILE_EXISTS'],
    ['fatal: Remote branch x not found in upstream origin', 'GIT_FAILED'],
  ])('%j is %s', ([line, code]) => {
    expect(gitError([line!], undefined).code).toBe(code);
  });

  test('is not without an end', () => {
    const { message } = gitError(['remote: x'.repeat(10_000), 'fatal: the reason'], undefined);
    expect(message.length).toBeLessThan(1_200);
    expect(message).toMatch(/the reason$/);
  });
});

// What a clone is for its user, the same over every way to a sandbox. So nothing of Node is in here.
import { expect, test } from 'vitest';
import { errorCode, type GitProgress, type Sandbox } from '../../../sdk/index.ts';
import { rejection } from './collect.ts';

export function gitBehaviour(sandboxOf: () => Sandbox): void {
  test('a repository is cloned, told as it goes, and a clone that fails says why', async () => {
    const sandbox = sandboxOf();
    const folder = (await sandbox.exec('mktemp -d')).stdout.trim();
    const session = await sandbox.createSession({ cwd: folder });
    const made = await session.exec(
      `git init -q -b main src && cd src && echo one > README && git add . &&
       git -c user.name=T -c user.email=t@example.com commit -q -m one; git rev-parse HEAD; cd ..`,
    );
    const progress: GitProgress[] = [];
    const onProgress = (one: GitProgress) => progress.push(one);
    const cloned = await session.gitClone(`file://${folder}/src`, { dir: 'c', depth: 1, onProgress });
    expect(cloned).toEqual({ dir: `${folder}/c`, commit: made.stdout.trim(), branch: 'main' });
    expect(progress.map(({ phase }) => phase)).toContain('Receiving objects');
    expect((await sandbox.readFile(`${folder}/c/README`)).content).toBe('one\n');
    const codeOf = async (call: Promise<unknown>) => errorCode(await rejection(call));
    expect(await codeOf(session.gitClone('./src', { dir: 'c' }))).toBe('FILE_EXISTS');
    expect(await codeOf(sandbox.gitClone(`${folder}/src`, { dir: `${folder}/d`, branch: 'no' }))).toBe(
      'GIT_FAILED',
    );
    // A server that says nothing.
    const listening = await session.startProcess(
      `node -e 'require("net").createServer(() => {}).listen(0, "127.0.0.1", function () { console.log(this.address().port) })'`,
    );
    const { groups } = await listening.waitForOutput(/(\d+)\n/);
    const leaving = new AbortController();
    const hanging = sandbox.gitClone(`http://127.0.0.1:${groups[0]}/r`, {
      dir: `${folder}/e`,
      signal: leaving.signal,
    });
    const ended = expect(hanging).rejects.toThrow('enough');
    await expect
      .poll(async () => (await sandbox.exists(`${folder}/e`)).exists, { timeout: 10_000 })
      .toBe(true);
    leaving.abort(new Error('enough'));
    await ended;
    await expect
      .poll(async () => (await sandbox.exists(`${folder}/e`)).exists, { timeout: 10_000 })
      .toBe(false);
    await sandbox.deleteSession(session.id);
    await sandbox.deleteFile(folder, { recursive: true });
  });
}

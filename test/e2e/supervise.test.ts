// The supervisor of the image, with small programs in the place of the engine.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { target } from './harness/api.ts';
import { until } from './harness/until.ts';

const SUPERVISE = fileURLToPath(new URL('../../container/supervise', import.meta.url));

interface Supervised {
  child: ChildProcess;
  ended: Promise<number | NodeJS.Signals>;
  stdout(): string[];
  stderr(): string[];
}

/** @param program bash, with a fresh folder as `$1`. */
function supervise(program: string): Supervised & { folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-supervise-'));
  const child = spawn(SUPERVISE, ['bash', '-c', program, 'engine', folder], {
    env: { ...process.env, HANDED: 'on' },
    detached: true,
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]!.setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
    });
  const lines = (name: 'stdout' | 'stderr') => text[name].split('\n').slice(0, -1);
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal!));
  });
  onTestFinished(() => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // All of it ended, as it should.
    }
    rmSync(folder, { recursive: true, force: true });
  });
  return { child, ended, folder, stdout: () => lines('stdout'), stderr: () => lines('stderr') };
}

const LASTING = 'trap "exit 5" TERM; echo $$ $HANDED; while :; do read -t 0.05 <> <(:); done';

describe.runIf(target.name === 'engine')('the supervisor', () => {
  test('starts what was killed again, with its environment, and says so in a line', async () => {
    const { child, ended, stdout, stderr } = supervise(LASTING);
    for (let life = 1; life <= 10; life++) {
      await until(async () => stdout().length === life, 3_000);
      const [pid, handed] = stdout()[life - 1]!.split(' ');
      expect(handed).toBe('on');
      if (life < 10) process.kill(Number(pid), 'SIGKILL');
    }
    child.kill('SIGTERM');
    expect(await ended).toBe(5);
    expect(stderr()).toEqual(
      Array(9).fill('holdfast supervise: the engine ended by signal 9: starting it again in 0.1 s'),
    );
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s is handed on, and the end waited for',
    async (signal) => {
      const { child, ended, stdout, stderr } = supervise(
        `trap 'sleep 0.3; echo drained; exit 0' TERM; echo up; while :; do read -t 0.05 <> <(:); done`,
      );
      await until(async () => stdout().length === 1);
      child.kill(signal);
      // Again and again changes nothing.
      child.kill(signal);
      expect(await ended).toBe(0);
      expect(stdout()).toEqual(['up', 'drained']);
      expect(stderr()).toEqual([]);
    },
  );

  test('what it runs is behind all else that the kernel may take, where it is allowed to say so', async () => {
    const own = 'read -r score </proc/self/oom_score_adj; echo $score';
    // What a process here gets when it asks for that; few may.
    const asked = spawnSync('bash', ['-c', `echo -900 >/proc/self/oom_score_adj; ${own}`], {
      encoding: 'utf8',
    });
    const { ended, stdout, stderr } = supervise(own);
    expect(await ended).toBe(0);
    expect(stdout()).toEqual([asked.stdout.trim()]);
    expect(stderr()).toEqual([]);
  });

  test('an end that was meant is its own: 0, and 78 for a wrong setting', async () => {
    for (const code of [0, 78]) {
      const { ended, stderr } = supervise(`exit ${code}`);
      expect(await ended).toBe(code);
      expect(stderr()).toEqual([]);
    }
  });

  test('what dies right after each start is given up after 8 times, with ever longer pauses', async () => {
    const { ended, stderr } = supervise('exit 3');
    expect(await ended).toBe(3);
    const pauses = stderr().map((line) => /again in (\S+) s$/.exec(line)?.[1]);
    expect(pauses).toEqual(['0.1', '0.2', '0.4', '0.8', '1.6', '3', '3', undefined]);
    expect(stderr().at(-1)).toMatch(/giving up$/);
  });

  test('SIGTERM in a pause ends it at once', async () => {
    const { child, ended, stderr } = supervise('echo >>"$1/lives"; exit 3');
    await until(async () => stderr().at(-1)?.endsWith('in 3 s'));
    const before = performance.now();
    child.kill('SIGTERM');
    expect(await ended).toBe(143);
    expect(performance.now() - before).toBeLessThan(2_500);
  });

  test('SIGTERM at any moment of a restart ends it', { timeout: 60_000 }, async () => {
    for (let round = 0; round < 60; round++) {
      // The first life kills itself, the second lasts: the signal meets death, pause, start or second life.
      const { child, ended, folder, stdout } = supervise(`
        if [[ ! -e $1/again ]]; then >"$1/again"; kill -9 $$; fi
        ${LASTING}`);
      await until(async () => tryRead(join(folder, 'again')) !== undefined);
      const wait = round * 3;
      const from = performance.now();
      await until(async () => performance.now() - from >= wait);
      child.kill('SIGTERM');
      const end = await Promise.race([ended, until(async () => false, 10_000).catch(() => 'never')]);
      expect([5, 137, 143], `${wait} ms after the first life`).toContain(end);
      expect(stdout().length).toBeLessThanOrEqual(1);
    }
  });
});

function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // not there yet
  }
}

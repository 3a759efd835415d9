// Whom the kernel takes first when memory runs out: what /proc says of the engine and of all that it started.
import { expect } from 'vitest';
import { startProcess } from './harness/process.ts';
import { test } from './harness/session.ts';

/** Prints the score of a process; a builtin, so that the shell itself is asked. */
const scoreOf = (pid: string) => `read -r score </proc/${pid}/oom_score_adj; echo $score; `;

test('sessions and all that they start offer themselves before the engine', async ({ session }) => {
  const { stdout } = await session.exec(
    // The shell was started by the engine.
    `${scoreOf('$PPID')}${scoreOf('$$')}cat /proc/self/oom_score_adj; sleep 600 & ${scoreOf('$!')}kill $!`,
  );
  const [engine, ...commands] = stdout.trim().split('\n').map(Number);
  expect(commands).toEqual([1000, 1000, 1000]);
  expect(engine).toBeLessThan(1000);
});

test('a process does too, and nothing of it is in its output', async ({ session }) => {
  const process = await startProcess(session, `${scoreOf('$$')}cat /proc/self/oom_score_adj`, {
    env: { SHELLOPTS: 'noclobber' },
  });
  const { stdout, stderr } = await process.read();
  expect(stdout.toString()).toBe('1000\n1000\n');
  expect(stderr.toString()).toBe('');
});

test('a shell that took the place of another one does too', async ({ session }) => {
  await session.exec('exit 3');
  expect((await session.exec(scoreOf('$$'))).stdout).toBe('1000\n');
});

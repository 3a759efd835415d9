// The scripts of examples/, run by Node as a user runs them, against a Worker and its sandbox.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { build } from 'esbuild';
import { expect, onTestFinished, test } from 'vitest';
import { target } from './harness/api.ts';

const root = join(import.meta.dirname, '../..');

/** Its output, once it has ended well. */
async function run(example: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-example-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const outfile = join(folder, 'main.mjs');
  const alias = { holdfast: join(root, 'sdk/index.ts') };
  const entryPoints = [join(root, 'examples', example, 'main.ts')];
  await build({ entryPoints, outfile, alias, bundle: true, platform: 'node', format: 'esm' });
  const child = spawn(process.execPath, [outfile], {
    env: {
      ...process.env,
      HOLDFAST_URL: target.origin,
      HOLDFAST_API_KEY: target.headers.authorization?.replace('Bearer ', '') ?? '',
      SANDBOX: `example-${crypto.randomUUID().slice(0, 8)}`,
    },
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  const exited = once(child, 'exit');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [exitCode] = await exited;
  expect({ exitCode, stderr }, stdout).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

// An engine alone has no Worker to be asked through.
const there = test.skipIf(target.name === 'engine');

there('the script', async () => {
  const lines = (await run('node-script')).trim().split('\n');
  expect(lines[0]).toMatch(/^0 hello world from \/\S+$/);
  expect(lines.slice(1)).toEqual([
    'step 1',
    'step 2',
    'step 3',
    'exit code 0',
    '1,2,3',
    'served 6 bytes',
    'refused: CWD_NOT_FOUND',
  ]);
});

there("the agent's loop", async () => {
  const output = await run('agent-loop');
  expect(output).toContain('agent: {"interrupt":true}');
  expect(output).toContain('exit code 130');
  expect(output).toMatch(/still here: Ada/);
  expect(output.trim().split('\n').at(-1)).toMatch(/^agent: \{"done":"name\? hello Ada.*still here: Ada"\}$/);
});

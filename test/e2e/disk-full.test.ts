// A disk that takes no more ends the command that met it, and nothing else.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ExecResult, ProcessInfo } from '#protocol';
import { target } from './harness/api.ts';
import { startProgram } from './harness/program.ts';
import { until } from './harness/until.ts';

// An engine of its own, whose files may hold 1 MiB: to a writer that is a full disk (write(2), EFBIG).
test.skipIf(target.name !== 'engine')(
  'output that the disk does not take ends its command with outputLimited, and the engine goes on (engine only: it is started with a limit)',
  { timeout: 60_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-full-'));
    const program = startProgram(
      'container/engine/main.ts',
      { PORT: '0', HOLDFAST_STATE_DIR: folder },
      '-f 1024',
    );
    try {
      const line = await program.line((text) => text.startsWith('{"listening"'));
      const { port } = (JSON.parse(line) as { listening: { port: number } }).listening;
      const call = async <T>(path: string, body?: unknown) => {
        const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
        return (await (await fetch(`http://127.0.0.1:${port}${path}`, init)).json()) as T;
      };
      const exec = (command: string) => call<ExecResult>('/sessions/default/exec', { command });
      await exec('kept=1');
      expect(await exec('seq 1 1000000')).toMatchObject({ exitCode: 137, outputLimited: true });
      expect((await exec('echo $kept')).stdout).toBe('1\n');
      await call('/processes', { command: 'seq 1 1000000; sleep 600', id: 'flood' });
      const ended = () => call<ProcessInfo>('/processes/flood');
      expect(await until(async () => ((await ended()).exitCode === null ? false : ended()))).toMatchObject({
        exitCode: 137,
      });
      expect((await exec('echo $kept')).stdout).toBe('1\n');
    } finally {
      await program.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

// The engine alone, with a token and a folder of its own.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProgram } from './program.ts';
import type { Target } from './target.ts';

export async function startEngine(): Promise<{ target: Target; stop: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-e2e-'));
  const stateDir = join(folder, 'state');
  const workDir = join(folder, 'work');
  mkdirSync(workDir);
  const token = crypto.randomUUID();
  const program = startProgram('container/engine/main.ts', {
    PORT: '0',
    HOLDFAST_ENGINE_TOKEN: token,
    HOLDFAST_STATE_DIR: stateDir,
    HOLDFAST_WORKDIR: workDir,
  });
  const line = await program.line((text) => text.startsWith('{"listening"'));
  const { listening } = JSON.parse(line) as { listening: { host: string; port: number } };
  const url = `http://${listening.host}:${listening.port}`;
  return {
    target: {
      name: 'engine',
      url,
      origin: url,
      headers: { authorization: `Bearer ${token}` },
      engine: { pid: program.pid, stateDir },
    },
    async stop() {
      await program.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

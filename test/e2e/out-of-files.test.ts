// An engine that may open no more files tells the calls that met it, goes on, and recovers. (engine only: one of its own)
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ExecResult, SessionList } from '#protocol';
import { target } from './harness/api.ts';
import { startProgram } from './harness/program.ts';

test.skipIf(target.name !== 'engine')(
  'too many open files are an error of the call that met it, and all is well when there are fewer (engine only: it is started with a limit)',
  { timeout: 60_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-files-'));
    const env = { PORT: '0', HOLDFAST_STATE_DIR: join(folder, 'state'), HOLDFAST_WORKDIR: folder };
    const program = startProgram('container/engine/main.ts', env, '-n 100');
    try {
      const line = await program.line((text) => text.startsWith('{"listening"'));
      const { port } = (JSON.parse(line) as { listening: { port: number } }).listening;
      const call = async <T>(method: string, path: string, body?: unknown) => {
        const init = { method, body: body === undefined ? undefined : JSON.stringify(body) };
        const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
        return { status: response.status, text: (await response.text()) as T & string };
      };
      const exec = (session: string, command: string) =>
        call('POST', `/sessions/${session}/exec`, { command });
      expect((await exec('default', 'kept=1')).status).toBe(200);
      const answers: string[] = [];
      for (let i = 0; i < 60; i++) {
        answers.push((await call('POST', '/sessions', { id: `s${i}` })).text);
        answers.push((await exec(`s${i}`, 'echo hi')).text);
        answers.push((await call('POST', '/processes', { command: 'true', session: `s${i}` })).text);
      }
      const refused = answers.filter((text) => text.includes('OUT_OF_RESOURCES'));
      expect(refused.length).toBeGreaterThan(0);
      for (const text of refused) expect(text).toContain('too many files are open');
      const others = answers.filter((text) => text.includes('"error"') && !text.includes('OUT_OF_RESOURCES'));
      expect(others.filter((text) => !text.includes('SESSION_NOT_FOUND'))).toEqual([]);
      const { sessions } = JSON.parse((await call('GET', '/sessions')).text) as SessionList;
      for (const { id } of sessions) {
        if (id !== 'default') expect((await call('DELETE', `/sessions/${id}`)).status).toBe(204);
      }
      const result = JSON.parse((await exec('default', 'echo $kept')).text) as ExecResult;
      expect(result).toMatchObject({ stdout: '1\n', exitCode: 0 });
      expect((await call('POST', '/sessions', { id: 'again' })).status).toBe(201);
      expect((await exec('again', 'echo fine')).text).toContain('fine');
    } finally {
      await program.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

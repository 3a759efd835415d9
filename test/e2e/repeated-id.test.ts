// An exec whose engine dies at ten points of its life, and is repeated with its id: what it does happens once.
// (engine only: the engine that is killed is the test's own)
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ExecResult } from '#protocol';
import { target } from './harness/api.ts';
import { MortalEngine } from './harness/mortal-engine.ts';
import { until } from './harness/until.ts';

const POINTS: Record<string, (engine: MortalEngine, file: string) => Promise<unknown>> = {
  'before it arrives': async () => {},
  'as it is sent': async (engine, file) => send(engine, file),
  'while it waits in the queue': async (engine, file) => {
    await engine.begin('default', 'before', 'sleep 0.5');
    await taken(engine, file);
  },
  'when it is known': taken,
  'when it runs': async (engine, file) => {
    await taken(engine, file);
    await until(async () => existsSync(file));
  },
  'after its first output': async (engine, file) => {
    await taken(engine, file);
    await until(async () => (await engine.output('once')).includes('first'));
  },
  'in the middle of its output': async (engine, file) => {
    await taken(engine, file);
    await until(async () => (await engine.output('once')).includes('20000\n'));
  },
  'as it ends': async (engine, file) => {
    await taken(engine, file);
    await until(async () => (await engine.output('once')).includes('last'));
  },
  'when it has ended': async (engine, file) => {
    await taken(engine, file);
    await engine.ended('once');
  },
  'when its result was read': async (engine, file) => {
    await engine.exec('default', text(file), { id: 'once', disconnectGraceMs: null });
  },
};

const text = (file: string) => `echo ran >>${file}; echo first; sleep 0.2; seq 1 50000; echo last; (exit 6)`;

function send(engine: MortalEngine, file: string): void {
  const body = { command: text(file), id: 'once', disconnectGraceMs: null };
  void engine.call('POST', '/sessions/default/exec', body).catch(() => {});
}

async function taken(engine: MortalEngine, file: string): Promise<void> {
  await engine.begin('default', 'once', text(file));
}

test.skipIf(target.name !== 'engine').for(Object.entries(POINTS))(
  'an exec whose engine dies %s runs once (engine only: it is the test’s own)',
  { timeout: 60_000 },
  async ([, reach]) => {
    const engine = await MortalEngine.start();
    try {
      const file = join(engine.folder, 'ran');
      await reach(engine, file);
      await engine.killAndRestart();
      const repeat = { command: text(file), id: 'once', disconnectGraceMs: null };
      const { body } = await engine.call<ExecResult>('POST', '/sessions/default/exec', repeat);
      expect(body).toMatchObject({ exitCode: 6, shellRestarted: false });
      const numbers = Array.from({ length: 50_000 }, (_, i) => `${i + 1}\n`).join('');
      expect(body.stdout === `first\n${numbers}last\n`).toBe(true);
      expect(readFileSync(file, 'utf8')).toBe('ran\n');
    } finally {
      await engine.stop();
    }
  },
);

// A short run of `npm run chaos` against the engine alone: the longer ones are for whoever changes what it breaks.
import { expect, test } from 'vitest';
import { runChaos } from './run.ts';
import { startTarget } from './target/start.ts';
import type { FaultName } from './target/target.ts';

const SEED = process.env.HOLDFAST_CHAOS_SEED ?? 'npm-test';
const FAULTS: FaultName[] = ['connection', 'reader', 'shell', 'process', 'pause', 'engine'];

test(`nothing is lost, doubled or left behind in 20 s of faults (HOLDFAST_CHAOS_SEED=${SEED})`, {
  timeout: 240_000,
}, async () => {
  const target = await startTarget('engine', FAULTS);
  try {
    const report = await runChaos(target, {
      seed: SEED,
      minutes: 1 / 3,
      commands: 2_000,
      faults: FAULTS,
      everyMs: 140,
    });
    expect(report.violationCount, `${report.text()}\n${target.tail()}`).toBe(0);
    expect(report.total('faults')).toBeGreaterThan(20);
  } finally {
    await target.stop();
  }
});

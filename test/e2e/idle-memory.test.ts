// What an engine does with the memory that it needed for a while.
import { expect, test } from 'vitest';
import { target } from './harness/api.ts';
import { residentBytes } from './harness/memory.ts';
import { OwnEngine } from './harness/own-engine.ts';
import { until } from './harness/until.ts';

// An engine of its own: another test's calls would keep the shared one from being idle.
test.skipIf(target.name !== 'engine')(
  'an engine that nothing is asked of gives back what its start needed, and works on (for an engine whose process can be seen)',
  async () => {
    const engine = await OwnEngine.start();
    try {
      // Long before V8 would do it by itself.
      const started = residentBytes(engine.pid);
      await until(async () => residentBytes(engine.pid) < started - 8_000_000, 6_000);
      expect((await engine.exec('default', 'echo still here')).stdout).toBe('still here\n');
    } finally {
      await engine.stop();
    }
  },
);

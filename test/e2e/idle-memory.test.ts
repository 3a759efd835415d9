// What an engine does with the memory that it needed for a while.
import { expect, test } from 'vitest';
import { target } from './harness/api.ts';
import { residentBytes } from './harness/memory.ts';
import { OwnEngine } from './harness/own-engine.ts';
import { until } from './harness/until.ts';

// An engine of its own: another test's calls would keep the shared one from being idle.
test.skipIf(target.name !== 'engine')(
  'an engine that was busy gives memory back once nothing is asked of it, and works on (for an engine whose process can be seen)',
  async () => {
    const engine = await OwnEngine.start();
    try {
      for (let n = 0; n < 8; n++) await engine.exec('default', 'yes 0123456789 | head -c 4000000');
      const busy = residentBytes(engine.pid);
      await until(async () => residentBytes(engine.pid) < busy - 16_000_000, 30_000);
      expect((await engine.exec('default', 'echo still here')).stdout).toBe('still here\n');
    } finally {
      await engine.stop();
    }
  },
);

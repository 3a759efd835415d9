// More sessions than shells.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SessionInfo } from '#protocol';
import { target } from './harness/api.ts';
import { residentBytes } from './harness/memory.ts';
import { OwnEngine } from './harness/own-engine.ts';
import { shellsOf } from './harness/shells.ts';
import { until } from './harness/until.ts';

const SESSIONS = 1000;
const MiB = 1024 * 1024;

function bytesBelow(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  return files.reduce((sum, one) => sum + statSync(join(one.parentPath, one.name)).blocks * 512, 0);
}

// An engine of its own: a thousand sessions in the shared one would be in the way of other tests.
test.skipIf(target.name !== 'engine')(
  'a thousand idle sessions take less than 300 MB in all, no more than 256 ever have a shell, and each wakes with its state',
  { timeout: 240_000 },
  async () => {
    const engine = await OwnEngine.start({ HOLDFAST_HIBERNATE_MS: '3000' });
    try {
      let most = 0;
      for (let n = 0; n < SESSIONS; n++) {
        expect((await engine.call('POST', '/sessions', { id: `s${n}` })).status).toBe(201);
        await engine.exec(`s${n}`, `mine=${n}; cd /usr; f() { echo $mine; }`);
        most = Math.max(most, shellsOf(engine.pid).length);
      }
      expect(most).toBeLessThanOrEqual(257); // one may just be dying
      await until(async () => shellsOf(engine.pid).length === 0, 60_000);
      const { body } = await engine.call<{ sessions: SessionInfo[] }>('GET', '/sessions');
      expect(body.sessions).toHaveLength(SESSIONS + 1);
      const megabytes = residentBytes(engine.pid) / MiB;
      const disk = bytesBelow(join(engine.folder, 'state')) / 1024 / 1024;
      console.log(
        `1,000 idle sessions: ${megabytes.toFixed(0)} MiB resident, ${disk.toFixed(1)} MiB on disk`,
      );
      expect(megabytes).toBeLessThan(300);
      for (const n of [0, 1, 500, SESSIONS - 1]) {
        expect(await engine.exec(`s${n}`, 'f; pwd')).toMatchObject({
          stdout: `${n}\n/usr\n`,
          shellRestarted: false,
        });
      }
    } finally {
      await engine.stop();
    }
  },
);

// Sessions from 1 to 1,000: does one cost the others anything, and what does each take.
import { BenchEngine } from '../engine/engine.ts';
import { restingKb } from '../engine/memory.ts';
import type { Curve } from '../result/curve.ts';
import { Curves } from './curves.ts';
import { medianTime } from './median-time.ts';
import type { Reach } from './suite.ts';

const CALLS = 60;
const LISTS = 20;

export async function growSessions({ quick }: Reach): Promise<Curve[]> {
  const curves = new Curves('sessions', {
    'sessions-exec': { what: 'an exec in one of them', unit: 'ms', expected: 'flat' },
    'sessions-create': { what: 'one more, and its first command', unit: 'ms', expected: 'flat' },
    'sessions-list': { what: 'the list of all', unit: 'ms', expected: 'linear' },
    'sessions-sync': {
      what: 'an idle pull of the Durable Object',
      unit: 'ms',
      expected: 'linear',
    },
    'sessions-memory': { what: 'memory of the engine', unit: 'MB', expected: 'linear' },
  });
  // Beyond 256 the longest idle ones sleep; in no other way would there be as many.
  const engine = await BenchEngine.start({ env: { HOLDFAST_HIBERNATE_MS: '600000' } });
  const { http } = engine;
  const run = (id: string) => http.call('POST', `/sessions/${id}/exec`, { body: { command: 'echo hello' } });
  try {
    await engine.warmUp();
    let created = 0;
    for (const size of quick ? [1, 10, 100] : [1, 10, 50, 100, 200, 500, 1_000]) {
      const create = async () => {
        const id = `s${created++}`;
        await http.call('POST', '/sessions', { body: { id } });
        await run(id);
      };
      curves.add('sessions-create', size, await medianTime(create, size - created));
      curves.add('sessions-memory', size, (await restingKb(engine.pid)) / 1_024);
      curves.add('sessions-exec', size, await medianTime(() => run(`s${created - 1}`), CALLS));
      curves.add('sessions-list', size, await medianTime(() => http.call('GET', '/sessions'), LISTS));
      const { cursor } = await http.json<{ cursor: number }>('POST', '/sync', {});
      const sync = () => http.call('POST', '/sync', { body: { after: cursor + 1_000_000 } });
      curves.add('sessions-sync', size, await medianTime(sync, LISTS));
    }
    return curves.all();
  } finally {
    await engine.stop();
  }
}

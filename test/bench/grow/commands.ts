// Commands from 1 to 100,000 in one session: exec, history, replay, and a start after a crash.
import { BenchEngine } from '../engine/engine.ts';
import { restingKb } from '../engine/memory.ts';
import type { Curve } from '../result/curve.ts';
import { Curves } from './curves.ts';
import { medianTime } from './median-time.ts';
import type { Reach } from './suite.ts';

const CALLS = 100;
const LISTS = 15;
const EXEC = '/sessions/default/exec';

export async function growCommands({ quick, full }: Reach): Promise<Curve[]> {
  const curves = new Curves('commands', {
    'commands-exec': { what: 'the next exec', unit: 'ms', expected: 'flat' },
    'commands-list': { what: 'the list of commands', unit: 'ms', expected: 'linear' },
    'commands-get': { what: 'one command of the history', unit: 'ms', expected: 'flat' },
    'commands-replay': { what: 'replay of one command', unit: 'ms', expected: 'flat' },
    'commands-sync': { what: 'all that the Durable Object pulls', unit: 'ms', expected: 'linear' },
    'commands-restart': { what: 'start after a crash, to the first result', unit: 'ms', expected: 'flat' },
    'commands-memory': { what: 'memory of the engine', unit: 'MB', expected: 'flat' },
  });
  let engine = await BenchEngine.start();
  const run = () => engine.http.json<{ id: string }>('POST', EXEC, { command: 'echo hello' });
  const sizes = [1, 10, 100, 1_000, ...(quick ? [] : [10_000]), ...(full ? [100_000] : [])];
  try {
    let ran = 0;
    for (const size of sizes) {
      for (; ran < size; ran++) await run();
      curves.add('commands-memory', size, (await restingKb(engine.pid)) / 1_024);
      const { id } = await run();
      const get = (path: string) => () => engine.http.call('GET', path);
      curves.add('commands-list', size, await medianTime(get('/commands'), LISTS));
      curves.add('commands-get', size, await medianTime(get(`/commands/${id}`), LISTS));
      curves.add('commands-replay', size, await medianTime(get(`/commands/${id}/events?after=0`), LISTS));
      curves.add('commands-sync', size, await medianTime(() => syncAll(engine), LISTS));
      const began = performance.now();
      engine = await engine.crash();
      await run();
      curves.add('commands-restart', size, performance.now() - began);
      for (let warm = 0; warm < CALLS; warm++) await run();
      curves.add('commands-exec', size, await medianTime(run, CALLS));
      ran += 2 * CALLS + 2;
    }
    return curves.all();
  } finally {
    await engine.stop();
  }
}

async function syncAll(engine: BenchEngine): Promise<void> {
  for (let after = 0, more = true; more; ) {
    const page = await engine.http.json<{ cursor: number; more: boolean }>('POST', '/sync', { after });
    ({ cursor: after, more } = page);
  }
}

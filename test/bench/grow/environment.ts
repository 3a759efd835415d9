// Variables from 1 to 500: in the session, where a checkpoint holds them, and in the call, where files do.
import { BenchEngine } from '../engine/engine.ts';
import type { Curve } from '../result/curve.ts';
import { Curves } from './curves.ts';
import { medianTime } from './median-time.ts';
import type { Reach } from './suite.ts';

const CALLS = 60;
const VALUE = 'a value of forty characters, as paths are';

export async function growEnvironment(_: Reach): Promise<Curve[]> {
  const curves = new Curves('variables', {
    'environment-session': { what: 'exec, exported in its session', unit: 'ms', expected: 'linear' },
    'environment-call': { what: 'exec, given with the call', unit: 'ms', expected: 'linear' },
    'environment-process': {
      what: 'a process started, exported in its session',
      unit: 'ms',
      expected: 'linear',
    },
  });
  const engine = await BenchEngine.start();
  const { http } = engine;
  try {
    await engine.warmUp();
    for (const size of [1, 10, 50, 100, 250, 500]) {
      const env = Object.fromEntries(Array.from({ length: size }, (_, n) => [`VARIABLE_${n}`, VALUE]));
      const id = `e${size}`;
      await http.call('POST', '/sessions', { body: { id, env } });
      const exec = (session: string, more: object) =>
        http.call('POST', `/sessions/${session}/exec`, { body: { command: 'x=$((x + 1))', ...more } });
      await exec(id, {});
      curves.add('environment-session', size, await medianTime(() => exec(id, {}), CALLS));
      curves.add('environment-call', size, await medianTime(() => exec('default', { env }), CALLS));
      const start = async () => {
        const process = await http.json<{ id: string }>('POST', '/processes', { command: ':', session: id });
        await http.call('POST', `/processes/${process.id}/wait`, { body: { for: 'exit' } });
      };
      curves.add('environment-process', size, await medianTime(start, CALLS / 4));
    }
    return curves.all();
  } finally {
    await engine.stop();
  }
}

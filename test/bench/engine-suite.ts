// The engine over HTTP, each figure in turn with its floor.
import { BenchEngine } from './engine/engine.ts';
import { measureLatency } from './measure/latency.ts';
import { measureMemory } from './measure/memory.ts';
import { measureOutput } from './measure/output.ts';
import { measureRate, measureSessionStart } from './measure/sessions.ts';
import { isWanted, type Options } from './options.ts';
import type { Samples } from './result/figure.ts';

const SIZES = {
  quick: {
    latency: { rounds: 8, calls: 40 },
    sessions: { rounds: 4, calls: 8 },
    output: { rounds: 2, calls: 1, warmUp: 0 },
    outputBytes: { bytes: 100_000_000, smallTimes: 3 },
    rate: { rounds: 3, calls: 1 },
    rateSeconds: 0.7,
  },
  whole: {
    latency: { rounds: 40, calls: 100 },
    sessions: { rounds: 20, calls: 20 },
    output: { rounds: 7, calls: 1 },
    outputBytes: { bytes: 200_000_000, smallTimes: 15 },
    rate: { rounds: 5, calls: 1 },
    rateSeconds: 3,
  },
};

export async function engineSuite(options: Options, say: (what: string) => void): Promise<Samples[]> {
  const size = options.quick ? SIZES.quick : SIZES.whole;
  const wanted = (id: string) => isWanted(options, id);
  const any = (...ids: string[]) => ids.some(wanted);
  const samples: Samples[] = [];
  const engine = await BenchEngine.start({ profileFolder: options.profile });
  try {
    if (any('exec', 'exec-fetch', 'first-byte')) {
      say('latency');
      samples.push(...(await measureLatency(engine, size.latency, wanted)));
    }
    if (any('session')) {
      say('sessions');
      samples.push(...(await measureSessionStart(engine, size.sessions, wanted)));
    }
    if (any('rate')) {
      say('commands per second');
      samples.push(...(await measureRate(engine, size.rateSeconds, size.rate, wanted)));
    }
    if (any('output-json', 'output-raw', 'download', 'stream', 'stream-sdk', 'stream-small', 'background')) {
      say('output');
      samples.push(...(await measureOutput(engine, size.outputBytes, size.output, wanted)));
    }
  } finally {
    await engine.stop();
  }
  if (any('memory', 'memory-session', 'memory-output')) {
    say('memory');
    samples.push(...(await measureMemory(wanted)));
  }
  return samples;
}

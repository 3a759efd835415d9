// Readers from 1 to 100 on one stream, each of which gets every byte.
import { BenchEngine } from '../engine/engine.ts';
import { forgetPeak, peakKb, restingKb } from '../engine/memory.ts';
import { StreamCounter } from '../engine/stream-counter.ts';
import type { Curve } from '../result/curve.ts';
import { Curves } from './curves.ts';
import type { Reach } from './suite.ts';

const BYTES = 4_000_000;

export async function growReaders({ quick }: Reach): Promise<Curve[]> {
  const curves = new Curves('readers', {
    'readers-time': { what: `all of them, ${BYTES / 1e6} MB each`, unit: 'ms', expected: 'linear' },
    'readers-memory': { what: 'memory added meanwhile', unit: 'MB', expected: 'linear' },
  });
  const engine = await BenchEngine.start();
  try {
    await engine.warmUp();
    for (const size of quick ? [1, 10, 30] : [1, 3, 10, 30, 100]) {
      await follow(engine, size); // the first time pays for connections
      const before = await restingKb(engine.pid);
      forgetPeak(engine.pid);
      curves.add('readers-time', size, await follow(engine, size));
      curves.add('readers-memory', size, Math.max(1, (peakKb(engine.pid) - before) / 1_024));
    }
    return curves.all();
  } finally {
    await engine.stop();
  }
}

/** Milliseconds from the moment that the command may print until the last reader has it all. */
async function follow(engine: BenchEngine, count: number): Promise<number> {
  const gate = `gate-${crypto.randomUUID()}`;
  const command = `read -r; yes "$(printf '%099d' 0)" | head -c ${BYTES}`;
  await engine.http.call('POST', '/processes', { body: { command, id: gate, stdinOpen: true } });
  const readers = Array.from({ length: count }, () => engine.connection());
  const started: Promise<void>[] = [];
  const ended = readers.map(async (reader) => {
    const counter = new StreamCounter();
    const first = Promise.withResolvers<void>();
    started.push(first.promise);
    const onBytes = (chunk: Buffer) => {
      first.resolve();
      counter.feed(chunk);
    };
    await reader.call('GET', `/commands/${gate}/events?after=0`, { onBytes });
    if (counter.bytes !== BYTES) throw new Error(`a reader got ${counter.bytes} bytes instead of ${BYTES}`);
  });
  await Promise.all(started);
  const began = performance.now();
  await engine.http.call('POST', `/commands/${gate}/stdin`, { body: { data: '\n' } });
  await Promise.all(ended);
  const ms = performance.now() - began;
  for (const reader of readers) reader.close();
  await engine.http.call('DELETE', `/processes/${gate}`);
  return ms;
}

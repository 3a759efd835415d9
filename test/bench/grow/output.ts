// Output of one command from 1 KB to 1 GB.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessInfo } from '#protocol';
import { BenchEngine } from '../engine/engine.ts';
import { StreamCounter } from '../engine/stream-counter.ts';
import type { Curve } from '../result/curve.ts';
import { Curves } from './curves.ts';
import { medianTime } from './median-time.ts';
import type { Reach } from './suite.ts';

const POLL_MS = 2;
/** A foreground command is stopped at 256 MiB of log. */
const FOREGROUND_BYTES = 100_000_000;

export async function growOutput({ quick }: Reach): Promise<Curve[]> {
  const curves = new Curves('bytes', {
    'output-json': { what: 'exec answered as JSON', unit: 'ms', expected: 'linear' },
    'output-stream': { what: 'exec streamed', unit: 'ms', expected: 'linear' },
    'output-replay': { what: 'its events replayed', unit: 'ms', expected: 'linear' },
    'output-process': { what: 'a process, until its log is whole', unit: 'ms', expected: 'linear' },
  });
  const engine = await BenchEngine.start();
  const { http } = engine;
  try {
    await engine.warmUp();
    for (const size of quick ? [1e3, 1e5, 1e7] : [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]) {
      const command = `yes "$(printf '%099d' 0)" | head -c ${size}`;
      const calls = size <= 1e6 ? 20 : size <= 1e7 ? 5 : 2;
      curves.add('output-process', size, await medianTime(() => background(engine, command, size), calls));
      if (size > FOREGROUND_BYTES) continue;
      let id = '';
      const json = async () => {
        const result = await engine.exec(command);
        assertBytes(result.stdoutBytes, size);
        id = result.id;
      };
      const events = async (method: string, path: string, body?: unknown) => {
        const counter = new StreamCounter();
        const onBytes = (chunk: Buffer) => counter.feed(chunk);
        await http.call(method, path, { body, accept: 'text/event-stream', onBytes });
        assertBytes(counter.bytes, size);
      };
      curves.add('output-json', size, await medianTime(json, calls));
      curves.add(
        'output-replay',
        size,
        await medianTime(() => events('GET', `/commands/${id}/events?after=0`), calls),
      );
      const stream = () => events('POST', '/sessions/default/exec', { command });
      curves.add('output-stream', size, await medianTime(stream, calls));
    }
    return curves.all();
  } finally {
    await engine.stop();
  }
}

async function background(engine: BenchEngine, command: string, size: number): Promise<void> {
  const { id } = await engine.http.json<ProcessInfo>('POST', '/processes', { command });
  await engine.http.call('POST', `/processes/${id}/wait`, { body: { for: 'exit' } });
  for (;;) {
    const { state, stdoutBytes } = await engine.http.json<ProcessInfo>('GET', `/processes/${id}`);
    if (state !== 'settled') {
      await sleep(POLL_MS);
      continue;
    }
    assertBytes(stdoutBytes, size);
    await engine.http.call('DELETE', `/processes/${id}`);
    return;
  }
}

function assertBytes(came: number, wanted: number): void {
  if (came !== wanted) throw new Error(`${came} bytes came instead of ${wanted}`);
}

// The benchmark: floor and engine alternate in one run, so that a machine that slows down slows both.
//   npm run bench              a few minutes
//   npm run bench -- --quick   under a minute
import { cpus } from 'node:os';
import { startEngine } from './engine-under-test.ts';
import { BareBash, CapturedBash, plainPipe } from './floor.ts';
import { medianOf, percentiles } from './statistics.ts';
import { printTable } from './table.ts';

const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 5 : 20;
const CALLS = quick ? 100 : 200;
const OUTPUT_ROUNDS = quick ? 2 : 5;
const OUTPUT_BYTES = 200_000_000;
/** 100-byte lines; `yes` is the fastest writer at hand. */
const OUTPUT_COMMAND = `yes "$(printf '%099d' 0)" | head -c ${OUTPUT_BYTES}`;

const engine = await startEngine();
const bare = new BareBash();
const captured = await CapturedBash.start();

const latency: Record<string, { act: () => Promise<unknown>; ms: number[] }> = {
  'floor: bash over a pipe': { act: () => bare.run('echo hello'), ms: [] },
  'floor: bash, output captured, control FIFO': { act: () => captured.run('echo hello'), ms: [] },
  'floor: HTTP call that runs nothing': { act: () => engine.call('GET', '/health'), ms: [] },
  'exec `echo hello`, HTTP to the engine': { act: () => engine.exec('echo hello'), ms: [] },
  'first byte of a streamed `echo hi`': { act: () => engine.firstByte('echo hi'), ms: [] },
};
const throughput: Record<string, { act: () => Promise<number>; mbPerS: number[] }> = {
  'floor: plain pipe into Node': { act: () => plainPipe(OUTPUT_COMMAND), mbPerS: [] },
  'foreground output, JSON': { act: () => engine.outputAsJson(OUTPUT_COMMAND), mbPerS: [] },
  'foreground output, exec and raw download': { act: () => engine.outputRaw(OUTPUT_COMMAND), mbPerS: [] },
  'streamed output (SSE)': { act: () => engine.outputStreamed(OUTPUT_COMMAND), mbPerS: [] },
};

try {
  for (let round = 0; round <= ROUNDS; round++) {
    for (const { act, ms } of Object.values(latency)) {
      for (let i = 0; i < CALLS; i++) {
        const began = performance.now();
        await act();
        if (round > 0) ms.push(performance.now() - began); // the first round warms up
      }
    }
  }
  for (let round = 0; round < OUTPUT_ROUNDS; round++) {
    for (const [name, { act, mbPerS }] of Object.entries(throughput)) {
      const began = performance.now();
      const bytes = await act();
      if (bytes !== OUTPUT_BYTES) throw new Error(`${name}: ${bytes} bytes instead of ${OUTPUT_BYTES}`);
      mbPerS.push(OUTPUT_BYTES / 1000 / (performance.now() - began));
    }
  }
} finally {
  bare.end();
  captured.end();
  await engine.stop();
}

const date = new Date().toISOString().slice(0, 10);
console.log(`${date}, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, Node ${process.version}\n`);
printTable(
  ['latency, ms', 'p50', 'p95', 'p99'],
  Object.entries(latency).map(([name, { ms }]) => [
    name,
    ...percentiles(ms, [50, 95, 99]).map((t) => t.toFixed(2)),
  ]),
);
printTable(
  [`throughput, ${OUTPUT_BYTES / 1e6} MB in lines of 100 bytes`, 'MB/s'],
  Object.entries(throughput).map(([name, { mbPerS }]) => [name, medianOf(mbPerS).toFixed(0)]),
);

// How many bytes of output a second come through, each way, beside a pipe; every byte is counted.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeEvents, type ProcessInfo } from '#protocol';
import type { BenchEngine } from '../engine/engine.ts';
import { StreamCounter } from '../engine/stream-counter.ts';
import { CapturedBash, makeFifos, removeFifos } from '../floor/captured-bash.ts';
import { piped } from '../floor/piped.ts';
import type { Samples } from '../result/figure.ts';
import { scratchFolder } from '../scratch-folder.ts';
import { alternate, type Rounds, type Subject } from './alternate.ts';
import type { Wanted } from './latency.ts';

/** 100-byte lines; `yes` is the fastest writer at hand. */
const hundreds = (bytes: number) => `yes "$(printf '%099d' 0)" | head -c ${bytes}`;
/** Numbers of 1 to 6 digits, a line each. */
const SMALL_ONCE = 6_888_888;
const smallLines = (times: number) => `for ((i = 0; i < ${times}; i++)); do seq 999999; done`;
const EXEC = '/sessions/default/exec';
const EVENTS = 'text/event-stream';
/** Below what a process's log keeps, so that every byte can be read again. */
const BACKGROUND_BYTES = 60_000_000;
const POLL_MS = 2;

export interface OutputSize {
  bytes: number;
  smallTimes: number;
}

export async function measureOutput(
  engine: BenchEngine,
  { bytes, smallTimes }: OutputSize,
  rounds: Rounds,
  wanted: Wanted,
): Promise<Samples[]> {
  const { http } = engine;
  const fifos = makeFifos();
  const captured = await CapturedBash.start(fifos);
  const scratch = scratchFolder();
  const command = hundreds(bytes);
  const streamed = async (text: string) => {
    const counter = new StreamCounter();
    const onBytes = (chunk: Buffer) => counter.feed(chunk);
    await http.call('POST', EXEC, { body: { command: text }, accept: EVENTS, onBytes });
    return counter.bytes;
  };
  const counted = async (run: (onBytes: (chunk: Buffer) => void) => Promise<unknown>) => {
    let count = 0;
    await run((chunk) => {
      count += chunk.length;
    });
    return count;
  };
  const download = (id: string) =>
    counted((onBytes) => http.call('GET', `/commands/${id}/output/stdout`, { onBytes }));
  const subjects = [
    throughput('floor-output', '100-byte lines, bash into a FIFO that Node reads', bytes, () =>
      counted((onBytes) => captured.run(command, onBytes)),
    ),
    throughput('floor-pipe', '100-byte lines, a pipe into Node', bytes, () =>
      counted((onBytes) => piped(command, onBytes)),
    ),
    throughput('floor-small', 'lines of 1 to 6 bytes, a pipe into Node', SMALL_ONCE * smallTimes, () =>
      counted((onBytes) => piped(smallLines(smallTimes), onBytes)),
    ),
    throughput('floor-file', '100-byte lines, a pipe into Node and a file', BACKGROUND_BYTES, async () => {
      const file = openSync(join(scratch, 'log'), 'w');
      const count = await counted((onBytes) =>
        piped(hundreds(BACKGROUND_BYTES), (chunk) => {
          writeSync(file, chunk);
          onBytes(chunk);
        }),
      );
      closeSync(file);
      return count;
    }),
    throughput('output-json', 'foreground output, JSON', bytes, async () => {
      return (await engine.exec(command)).stdoutBytes;
    }),
    throughput('output-raw', 'foreground output, exec and raw download', bytes, async () =>
      download((await engine.exec(command)).id),
    ),
    {
      id: 'download',
      what: 'the raw download alone',
      unit: 'MB/s' as const,
      act: async () => {
        const { id } = await engine.exec(command);
        return throughput('', 'the raw download', bytes, () => download(id)).act();
      },
    },
    throughput('stream', 'streamed output (SSE)', bytes, () => streamed(command)),
    throughput('stream-sdk', 'streamed output, decoded by the SDK', bytes, () =>
      decoded(engine.port, command),
    ),
    throughput('stream-small', 'streamed output, lines of 1 to 6 bytes', SMALL_ONCE * smallTimes, () =>
      streamed(smallLines(smallTimes)),
    ),
    {
      id: 'background',
      what: 'background output into the log',
      unit: 'MB/s' as const,
      act: () => background(engine, download),
    },
  ];
  try {
    return await alternate(
      subjects.filter(({ id }) => wanted(id)),
      rounds,
    );
  } finally {
    captured.end();
    removeFifos(fifos);
    rmSync(scratch, { recursive: true });
  }
}

/** @param act Answers with how many bytes came. */
function throughput(id: string, what: string, bytes: number, act: () => Promise<number>): Subject {
  return {
    id,
    what,
    unit: 'MB/s',
    async act() {
      const began = performance.now();
      const came = await act();
      const ms = performance.now() - began;
      if (came !== bytes) throw new Error(`${what}: ${came} bytes instead of ${bytes}`);
      return bytes / 1_000 / ms;
    },
  };
}

async function decoded(port: number, command: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}${EXEC}`, {
    method: 'POST',
    body: JSON.stringify({ command }),
    headers: { accept: EVENTS },
  });
  let count = 0;
  for await (const event of decodeEvents(answer.body!)) {
    if (event.type === 'stdout' && 'data' in event) count += event.data.length;
  }
  return count;
}

/** Until the log is whole; what it holds is read and counted after that. */
async function background(engine: BenchEngine, download: (id: string) => Promise<number>): Promise<number> {
  const { http } = engine;
  const began = performance.now();
  const { id } = await http.json<ProcessInfo>('POST', '/processes', { command: hundreds(BACKGROUND_BYTES) });
  await http.call('POST', `/processes/${id}/wait`, { body: { for: 'exit' } });
  while ((await http.json<ProcessInfo>('GET', `/processes/${id}`)).state !== 'settled') await sleep(POLL_MS);
  const ms = performance.now() - began;
  const came = await download(id);
  await http.call('DELETE', `/processes/${id}`);
  if (came !== BACKGROUND_BYTES)
    throw new Error(`the log holds ${came} bytes instead of ${BACKGROUND_BYTES}`);
  return BACKGROUND_BYTES / 1_000 / ms;
}

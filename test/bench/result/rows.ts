// What Holdfast is meant to reach, as data: each row, its floor of the same run, and its limits.
import type { Unit } from './figure.ts';

export type Suite = 'engine' | 'worker';

export interface Row {
  /** The figure of this id. */
  id: string;
  suite: Suite;
  what: string;
  unit: Unit;
  better: 'less' | 'more';
  /** Figures that, one after the other, make up what no engine could undercut. */
  floors: string[];
  /** The limits speak of what comes on top of the floor. */
  overFloor?: boolean;
  /** What must be reached on a quiet machine, and what is aimed for. Neither: the row informs. */
  atLeast?: number;
  atLeastP99?: number;
  aim?: number;
}

const LATENCY = { suite: 'engine', unit: 'ms', better: 'less' } as const;
const THROUGHPUT = { suite: 'engine', unit: 'MB/s', better: 'more' } as const;
const MEMORY = { suite: 'engine', unit: 'MB', better: 'less' } as const;
const WORKER = { suite: 'worker', unit: 'ms', better: 'less' } as const;

// biome-ignore format: a table
export const ROWS: readonly Row[] = [
  { ...LATENCY, id: 'exec', what: 'exec `echo hello`, HTTP to the engine', floors: ['floor-exec', 'floor-http'], atLeast: 0.9, atLeastP99: 3, aim: 0.6 },
  { ...LATENCY, id: 'exec-fetch', what: 'the same through `fetch` of Node', floors: ['floor-exec', 'floor-http-fetch'] },
  { ...LATENCY, id: 'first-byte', what: 'first byte of a streamed `echo hi`', floors: ['floor-first-byte', 'floor-http'], atLeast: 2, aim: 0.7 },
  { ...LATENCY, id: 'session', what: 'a session created and its first command', floors: ['floor-session'], atLeast: 7, aim: 3 },
  { ...THROUGHPUT, id: 'output-json', what: 'foreground output, 100-byte lines, JSON', floors: ['floor-output'], atLeast: 250, aim: 400 },
  { ...THROUGHPUT, id: 'output-raw', what: 'the same, exec and raw download', floors: ['floor-output'], atLeast: 250, aim: 400 },
  { ...THROUGHPUT, id: 'download', what: 'the raw download alone', floors: [] },
  { ...THROUGHPUT, id: 'stream', what: 'streamed output (SSE), 100-byte lines', floors: ['floor-pipe'], atLeast: 150, aim: 300 },
  { ...THROUGHPUT, id: 'stream-sdk', what: 'the same, events decoded by the SDK', floors: ['floor-pipe'] },
  { ...THROUGHPUT, id: 'stream-small', what: 'streamed output, lines of 1 to 6 bytes', floors: ['floor-small'], atLeast: 50, aim: 120 },
  { ...THROUGHPUT, id: 'background', what: 'background output into the log, exact', floors: ['floor-file'], atLeast: 180, aim: 280 },
  { suite: 'engine', unit: 'commands/s', better: 'more', id: 'rate', what: 'commands per second, 50 sessions', floors: ['floor-rate'], atLeast: 2_500, aim: 5_000 },
  { ...MEMORY, id: 'memory', what: 'memory of the engine, idle', floors: ['floor-memory-node'], atLeast: 70 },
  { ...MEMORY, unit: 'KB', id: 'memory-session', what: 'memory of the engine, for each idle session', floors: [], atLeast: 50 },
  { ...MEMORY, unit: 'KB', id: 'memory-shell', what: 'beside the bash of the session', floors: ['floor-memory-bash'] },
  { ...MEMORY, id: 'memory-output', what: 'memory added while 500 MB pass', floors: [], atLeast: 32 },
  { ...WORKER, id: 'worker-exec', what: 'exec through Worker and Durable Object, embedded, over a Worker that answers by itself', floors: ['floor-worker'], overFloor: true, atLeast: 2.5, aim: 1 },
  { ...WORKER, id: 'worker-exec-docker', what: 'the same, in Docker', floors: ['floor-worker-docker'], overFloor: true, atLeast: 2.5, aim: 1 },
  { ...WORKER, id: 'worker-object', what: 'of that, the Durable Object answering from storage, embedded', floors: ['floor-worker'], overFloor: true },
  { ...WORKER, id: 'start', what: 'sandbox start, embedded, to first output', floors: ['floor-engine-start'], atLeast: 400, aim: 200 },
  { ...WORKER, id: 'start-docker', what: 'cold container start in Docker to first output, over `docker run` of the image', floors: ['floor-docker-engine'], overFloor: true, atLeast: 150, aim: 60 },
  { ...WORKER, id: 'start-docker-bare', what: 'of that, a bare Durable Object that starts the image', floors: ['floor-docker-engine'], overFloor: true },
  { ...WORKER, id: 'floor-docker-engine', what: '`docker run` of the image to first output of its engine, over `echo` in the image', floors: ['floor-docker-echo'], overFloor: true },
];

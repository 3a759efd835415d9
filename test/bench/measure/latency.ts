// How long one small command takes, beside bash itself and beside a call that runs nothing.
import type { BenchEngine } from '../engine/engine.ts';
import { BareBash } from '../floor/bare-bash.ts';
import { CapturedBash, makeFifos, removeFifos } from '../floor/captured-bash.ts';
import type { Samples } from '../result/figure.ts';
import { alternate, type Rounds, type Subject } from './alternate.ts';

const EXEC = '/sessions/default/exec';

export async function measureLatency(
  engine: BenchEngine,
  rounds: Rounds,
  wanted: Wanted,
): Promise<Samples[]> {
  const fifos = makeFifos();
  const bare = new BareBash();
  const captured = await CapturedBash.start(fifos);
  const url = `http://127.0.0.1:${engine.port}`;
  const subject = (id: string, what: string, act: () => Promise<unknown>): Subject => ({
    id,
    what,
    unit: 'ms',
    act: () => act().then(() => undefined),
  });
  const viaFetch = async (path: string, init?: RequestInit) => (await fetch(url + path, init)).text();
  const subjects = [
    subject('floor-bare', '`echo hello`, bash over a pipe', () => bare.run('echo hello')),
    subject('floor-exec', '`echo hello`, bash with output captured and a control FIFO', async () => {
      let count = 0;
      await captured.run('echo hello', (bytes) => {
        count += bytes.length;
      });
      if (count !== 'hello\n'.length) throw new Error(`the floor printed ${count} bytes`);
    }),
    {
      ...subject('floor-first-byte', 'first byte of `echo hi`, the same bash', async () => {}),
      act: () =>
        firstByte(
          (on) => captured.run('echo hi', on),
          () => true,
        ),
    },
    subject('floor-http', 'an HTTP call that runs nothing', () => engine.http.call('GET', '/health')),
    subject('floor-http-fetch', 'an HTTP call that runs nothing, `fetch` of Node', () => viaFetch('/health')),
    subject('exec', 'exec `echo hello`', () =>
      engine.http.call('POST', EXEC, { body: { command: 'echo hello' } }),
    ),
    subject('exec-fetch', 'exec `echo hello`, `fetch` of Node', () =>
      viaFetch(EXEC, { method: 'POST', body: '{"command":"echo hello"}' }),
    ),
    {
      ...subject('first-byte', 'first byte of a streamed `echo hi`', async () => {}),
      act: () =>
        firstByte(
          (onBytes) =>
            engine.http.call('POST', EXEC, {
              body: { command: 'echo hi' },
              accept: 'text/event-stream',
              onBytes,
            }),
          (bytes) => bytes.includes('event: stdout'),
        ),
    },
  ];
  try {
    return await alternate(
      subjects.filter(({ id }) => wanted(id)),
      rounds,
    );
  } finally {
    bare.end();
    captured.end();
    removeFifos(fifos);
  }
}

/** Whether a figure of this id is asked for. */
export type Wanted = (id: string) => boolean;

/** Milliseconds until bytes came that count; the rest is read as well. */
async function firstByte(
  run: (onBytes: (bytes: Buffer) => void) => Promise<unknown>,
  counts: (bytes: Buffer) => boolean,
): Promise<number> {
  const began = performance.now();
  let ms: number | undefined;
  await run((bytes) => {
    if (bytes.length > 0 && counts(bytes)) ms ??= performance.now() - began;
  });
  if (ms === undefined) throw new Error('no output came');
  return ms;
}

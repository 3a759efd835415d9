// A stream that is cut and resumed is the stream that was not.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type CommandEvent,
  connectEngine,
  errorCode,
  eventBytes,
  type HoldfastError,
} from '../../sdk/index.ts';
import { collect, rejection } from './harness/collect.ts';
import { EXIT, encoded, recordedCommand, START } from './harness/recorded-command.ts';
import { impatient } from './harness/retry.ts';
import { sendCut, sendError, serve } from './harness/serve.ts';

const OUTPUT: CommandEvent[] = [
  { type: 'stdout', data: 'héllo 🐚\n', seq: 1 },
  { type: 'stderr', data: 'oh\n', seq: 2 },
  { type: 'stdout', dataBase64: '/wD+', seq: 9 },
];
const EVENTS = [START, ...OUTPUT, EXIT];
const BYTES = new TextEncoder().encode(EVENTS.map(encoded).join(''));
const SSE = 'text/event-stream';

for (const how of ['torn', 'ended'] as const) {
  test(`a stream ${how} after any byte gives each event once, in order`, async () => {
    for (let cut = 0; cut < BYTES.length; cut++) {
      const { url } = await recordedCommand(EVENTS, [cut], how);
      const stream = connectEngine(url, { retry: impatient() }).execStream('x');
      expect(await collect(stream), `cut after ${cut} bytes`).toEqual(EVENTS);
    }
  });
}

test('any output, cut any number of times, comes out byte for byte', async () => {
  const output = fc.array(
    fc.record({
      type: fc.constantFrom('stdout' as const, 'stderr' as const),
      data: fc.oneof(
        fc.string({ unit: 'binary', maxLength: 80 }).map((data) => ({ data })),
        fc.uint8Array({ maxLength: 80 }).map((b) => ({ dataBase64: Buffer.from(b).toString('base64') })),
      ),
      lines: fc.integer({ min: 1, max: 5 }),
    }),
    { maxLength: 15 },
  );
  const cuts = fc.array(fc.nat(600), { maxLength: 7 });
  await fc.assert(
    fc.asyncProperty(
      output,
      cuts,
      fc.constantFrom('torn' as const, 'ended' as const),
      async (parts, at, how) => {
        let seq = 0;
        const sent: CommandEvent[] = parts.map(({ type, data, lines }) => {
          seq += lines;
          return { type, seq, ...data };
        });
        const { url } = await recordedCommand([START, ...sent, EXIT], at, how);
        const got = await collect(connectEngine(url, { retry: impatient() }).execStream('x'));
        expect(bytesOf(got, 'stdout')).toEqual(bytesOf(sent, 'stdout'));
        expect(bytesOf(got, 'stderr')).toEqual(bytesOf(sent, 'stderr'));
        expect(got.at(-1)).toEqual(EXIT);
      },
    ),
    { numRuns: 200 },
  );
});

function bytesOf(events: CommandEvent[], type: 'stdout' | 'stderr'): Buffer {
  return Buffer.concat(events.filter((e) => e.type === type).map((e) => eventBytes(e as { data: string })));
}

test('a cut before any event repeats the call with the same id; a later one asks for what follows', async () => {
  const upToTheSecond = encoded(START).length + encoded(OUTPUT[0]!).length + 8;
  const { url, asked } = await recordedCommand(EVENTS, [0, 7, upToTheSecond]);
  await collect(connectEngine(url, { retry: impatient() }).execStream('make', { cwd: '/app' }));
  const ids = asked.slice(0, 3).map(({ body }) => JSON.parse(body).id);
  expect(new Set(ids).size).toBe(1);
  expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /sessions/default/exec',
    'POST /sessions/default/exec',
    'POST /sessions/default/exec',
    `GET /commands/${ids[0]}/events?after=1`,
  ]);
});

test('a server that shows the whole stream again repeats nothing to the reader', async () => {
  const { url } = await serve((res, _asked, nth) =>
    sendCut(res, SSE, BYTES, nth === 0 ? 300 : BYTES.length, 'ended'),
  );
  const stream = connectEngine(url, { retry: impatient() }).execStream('x');
  expect(await collect(stream)).toEqual(EVENTS);
});

test('an event that was damaged on the way is read again', async () => {
  const damaged = new TextEncoder().encode(`${encoded(START)}id: 1\nevent: stdout\ndata: {"data":"h\n\n`);
  const { url } = await serve((res, _asked, nth) => {
    const body = nth === 0 ? damaged : BYTES;
    sendCut(res, SSE, body, body.length, 'ended');
  });
  expect(await collect(connectEngine(url, { retry: impatient() }).execStream('x'))).toEqual(EVENTS);
});

test('a connection that falls silent is given up and resumed', async () => {
  const { url, asked } = await serve((res, _asked, nth) => {
    res.writeHead(200, { 'content-type': SSE });
    if (nth === 0) res.write(encoded(START));
    else res.end(BYTES);
  });
  const stream = connectEngine(url, { retry: impatient({ silenceMs: 50 }) }).execStream('x');
  expect(await collect(stream)).toEqual(EVENTS);
  expect(asked).toHaveLength(2);
});

test('tries that get nowhere are counted and end in CONNECTION_FAILED, with growing delays between', async () => {
  const { url, asked } = await recordedCommand(EVENTS, Array(100).fill(5));
  const retry = impatient({ tries: 6, firstDelayMs: 100, maxDelayMs: 1000 });
  const failed = await rejection(collect(connectEngine(url, { retry }).execStream('x')));
  expect(errorCode(failed)).toBe('CONNECTION_FAILED');
  expect(asked).toHaveLength(6);
  expect(retry.sleptMs).toEqual([100, 200, 400, 800, 1000]);
});

test('half of a delay is chance', async () => {
  const { url } = await recordedCommand(EVENTS, [0, 0]);
  const retry = impatient({ firstDelayMs: 100, random: () => 0 });
  await collect(connectEngine(url, { retry }).execStream('x'));
  expect(retry.sleptMs).toEqual([50, 100]);
});

test('each event that comes through makes the count start anew', async () => {
  const many: CommandEvent[] = Array.from({ length: 30 }, (_, i) => ({
    type: 'stdout',
    data: `${i}`,
    seq: i + 1,
  }));
  const events = [START, ...many, EXIT];
  const enough = encoded(START).length + encoded(many[29]!).length + 4;
  const { url, asked } = await recordedCommand(events, Array(30).fill(enough));
  const stream = connectEngine(url, { retry: impatient({ tries: 2 }) }).execStream('x');
  expect(await collect(stream)).toEqual(events);
  expect(asked.length).toBeGreaterThan(20);
});

test('a silent command outlives any number of connections that each held for a while', async () => {
  let nowMs = 0;
  const { url, asked } = await serve((res, _asked, nth) => {
    nowMs += 15_000;
    const body = nth < 20 ? new TextEncoder().encode(`${encoded(START)}:\n\n`) : BYTES;
    sendCut(res, SSE, body, body.length, 'ended');
  });
  const stream = connectEngine(url, { retry: impatient({ tries: 2, now: () => nowMs }) }).execStream('x');
  expect(await collect(stream)).toEqual(EVENTS);
  expect(asked).toHaveLength(21);
});

test('an error event ends the stream as an event', async () => {
  const lost: CommandEvent = { type: 'error', code: 'COMMAND_LOST', message: 'the container was restarted' };
  const { url, asked } = await recordedCommand([START, lost], []);
  expect(await collect(connectEngine(url).execStream('x'))).toEqual([START, lost]);
  expect(asked).toHaveLength(1);
});

test('a refusal is thrown at once, also when resuming', async () => {
  const first = await serve((res) => sendError(res, 404, 'SESSION_NOT_FOUND'));
  const refused = await rejection(collect(connectEngine(first.url).session('no').execStream('x')));
  expect(errorCode(refused)).toBe('SESSION_NOT_FOUND');
  expect((refused as HoldfastError).requestId).toBe('r1');
  expect(first.asked).toHaveLength(1);

  const later = await serve((res, _asked, nth) =>
    nth === 0 ? sendCut(res, SSE, BYTES, 300, 'torn') : sendError(res, 410, 'COMMAND_LOST'),
  );
  const lost = await rejection(collect(connectEngine(later.url, { retry: impatient() }).execStream('x')));
  expect(errorCode(lost)).toBe('COMMAND_LOST');
});

test('503 while the container comes up is waited out as long as the server asks', async () => {
  const { url, asked } = await serve((res, _asked, nth) => {
    if (nth === 0) sendError(res, 503, 'CONTAINER_UNAVAILABLE', { 'retry-after': '3' });
    else sendCut(res, SSE, BYTES, BYTES.length, 'ended');
  });
  const retry = impatient();
  expect(await collect(connectEngine(url, { retry }).execStream('x'))).toEqual(EVENTS);
  expect(retry.sleptMs).toEqual([3000]);
  expect(asked).toHaveLength(2);
});

test('a command of another client is followed from where the caller knows it', async () => {
  const { url, asked } = await recordedCommand(EVENTS, [200]);
  const sandbox = connectEngine(url, { retry: impatient() });
  expect(await collect(sandbox.commandEvents('c1', { after: 1 }))).toEqual([START, ...OUTPUT.slice(1), EXIT]);
  expect(asked[0]!.path).toBe('/commands/c1/events?after=1');
});

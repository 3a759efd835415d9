// The event stream's encoding and decoding, at the places where decoders go wrong.
import { expect, test } from 'vitest';
import { type CommandEvent, decodeEvents, encodeEvent, SSE_COMMENT } from '../../sdk/protocol/index.ts';
import { collect } from '../sdk/harness/collect.ts';

const START = {
  commandId: 'c1',
  sessionId: 'default',
  mode: 'foreground',
  queuedMs: 0,
  startedAt: '2026-01-01T00:00:00.000Z',
};
const HELLO = encodeEvent('start', START) + encodeEvent('stdout', { data: 'héllo 🐚\n' }, 3);

async function decoded(...pieces: (string | Uint8Array)[]): Promise<CommandEvent[]> {
  const encoder = new TextEncoder();
  const chunks = pieces.map((piece) => (typeof piece === 'string' ? encoder.encode(piece) : piece));
  return collect(decodeEvents(streamOf(chunks)));
}

test('an event is an id, a name and one line of JSON, whatever its data holds', () => {
  expect(encodeEvent('stdout', { data: 'hi\r\n\u2028' }, 1)).toBe(
    'id: 1\nevent: stdout\ndata: {"data":"hi\\r\\n\u2028"}\n\n',
  );
  expect(encodeEvent('error', { code: 'INTERNAL', message: 'x' })).toBe(
    'event: error\ndata: {"code":"INTERNAL","message":"x"}\n\n',
  );
});

test('events come back typed, with the id of an output event as its seq', async () => {
  expect(await decoded(HELLO)).toEqual([
    { type: 'start', ...START },
    { type: 'stdout', data: 'héllo 🐚\n', seq: 3 },
  ]);
});

test('a stream cut between any two bytes, inside a character too, decodes the same', async () => {
  const bytes = new TextEncoder().encode(HELLO);
  const whole = await decoded(bytes);
  for (let at = 0; at <= bytes.length; at++) {
    expect(await decoded(bytes.subarray(0, at), bytes.subarray(at)), `cut at ${at}`).toEqual(whole);
  }
});

test('lines may end in CRLF or CR, also where a chunk ends between the two', async () => {
  const whole = await decoded(HELLO);
  expect(await decoded(HELLO.replaceAll('\n', '\r\n'))).toEqual(whole);
  expect(await decoded(...HELLO.replaceAll('\n', '\r\n').split(/(?<=\r)/))).toEqual(whole);
});

test('comments, unknown fields and events of a later version are skipped', async () => {
  const progress = encodeEvent('progress', { percent: 5 });
  expect(
    await decoded(SSE_COMMENT, ': hi\n', 'colour: red\n', 'retry: 10\n', HELLO, SSE_COMMENT, progress),
  ).toEqual(await decoded(HELLO));
});

test('a half event at the end is no event', async () => {
  const cut = HELLO.slice(0, -1);
  expect(await decoded(cut)).toEqual((await decoded(HELLO)).slice(0, 1));
});

test('data cannot pass for another event: the name and the id are what the stream says', async () => {
  const forged = encodeEvent('stdout', { type: 'exit', seq: 99, data: 'x' }, 4);
  expect(await decoded(forged)).toEqual([{ type: 'stdout', seq: 4, data: 'x' }]);
});

test('data that is not JSON, and output without a seq, are errors', async () => {
  await expect(decoded('event: exit\ndata: {"exitCode":\n\n')).rejects.toThrow(SyntaxError);
  await expect(decoded('event: stdout\ndata: {"data":"x"}\n\n')).rejects.toThrow(SyntaxError);
});

test('an event of 8 MiB in chunks of 16 KiB comes whole', async () => {
  const data = 'ab"\n\u0000é🐚 '.repeat(1 << 20);
  const bytes = new TextEncoder().encode(encodeEvent('stderr', { data }, 7));
  const chunks = Array.from({ length: Math.ceil(bytes.length / 16384) }, (_, i) =>
    bytes.subarray(i * 16384, (i + 1) * 16384),
  );
  const [event] = await decoded(...chunks);
  expect(event?.type === 'stderr' && 'data' in event && event.data === data).toBe(true);
});

test('no chunk is read before the events of the one before were taken', async () => {
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        sent += 1;
        controller.enqueue(new TextEncoder().encode(encodeEvent('stdout', { data: 'x' }, sent)));
      },
    },
    { highWaterMark: 0 },
  );
  const events = decodeEvents(endless);
  await events.next();
  await events.next();
  await new Promise((resolve) => setImmediate(resolve));
  expect(sent).toBe(2);
  await events.return();
});

test('a reader who leaves early cancels the bytes', async () => {
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode(HELLO)),
    cancel: () => {
      cancelled = true;
    },
  });
  for await (const event of decodeEvents(stream)) if (event.type === 'start') break;
  expect(cancelled).toBe(true);
});

test('what breaks the bytes is thrown as it is, after the events that came before', async () => {
  const broken = new Error('cut');
  let pulls = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (pulls++ === 0) controller.enqueue(new TextEncoder().encode(HELLO));
      else controller.error(broken);
    },
  });
  const events = decodeEvents(stream);
  expect((await events.next()).value?.type).toBe('start');
  expect((await events.next()).value?.type).toBe('stdout');
  await expect(events.next()).rejects.toBe(broken);
});

function streamOf(chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

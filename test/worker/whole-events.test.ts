import { expect, test } from 'vitest';
import { encodeEvent, SSE_COMMENT } from '#protocol';
import { WholeEvents } from '../../worker/sandbox/whole-events.ts';

const START = encodeEvent('start', { commandId: 'c' });
const outputs = Array.from({ length: 12 }, (_, i) => encodeEvent('stdout', { data: `lïne ${i}\n` }, i + 1));
const EXIT = encodeEvent('exit', { exitCode: 0 });
const STREAM = [START, outputs[0], SSE_COMMENT, ...outputs.slice(1), SSE_COMMENT, EXIT].join('');

const bytes = new TextEncoder().encode(STREAM);
const text = (parts: (Uint8Array | undefined)[]) =>
  parts.map((part) => (part ? new TextDecoder().decode(part) : '')).join('');

/** What an engine sends to a reader who comes with this seq. */
function replay(after: number): string {
  return [...(after === 0 ? [START] : []), ...outputs.slice(after), EXIT].join('');
}

function feed(events: WholeEvents, stream: Uint8Array, size: number): (Uint8Array | undefined)[] {
  const parts = [];
  for (let at = 0; at < stream.length; at += size) {
    const chunk = stream.slice(at, at + size);
    parts.push(events.take(chunk)?.slice());
    // The reader's memory is used again.
    chunk.fill(0);
  }
  return parts;
}

for (const size of [1, 2, 7, 64, 100_000]) {
  test(`a stream that comes whole passes as it is, read ${size} bytes at a time`, () => {
    const events = new WholeEvents();
    expect(text(feed(events, bytes, size))).toBe(STREAM);
    expect(events).toMatchObject({ lastSeq: 12, complete: true });
  });
}

test('cut anywhere and gone on with, it holds every event once', () => {
  const withoutComments = STREAM.replaceAll(SSE_COMMENT, '');
  for (let cut = 0; cut < bytes.length; cut += 1) {
    for (const size of [1, 16, 100_000]) {
      const events = new WholeEvents();
      const before = feed(events, bytes.subarray(0, cut), size);
      expect(text(before)).toBe(STREAM.slice(0, text(before).length));
      if (events.complete) continue;
      events.resume();
      const after = feed(events, new TextEncoder().encode(replay(events.lastSeq)), size);
      expect(text([...before, ...after]).replaceAll(SSE_COMMENT, ''), `cut at ${cut}`).toBe(withoutComments);
      expect(events.complete).toBe(true);
    }
  }
});

test('a stream that was cut before its start still gets one, and never two', () => {
  const events = new WholeEvents();
  expect(events.take(new TextEncoder().encode(SSE_COMMENT))).toBeDefined();
  events.resume();
  expect(text(feed(events, new TextEncoder().encode(START), 5))).toBe(START);
  events.resume();
  expect(text(feed(events, new TextEncoder().encode(START + EXIT), 5))).toBe(EXIT);
});

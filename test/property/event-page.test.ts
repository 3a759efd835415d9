// Events written as bytes are the events that the protocol's encoder writes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeEvent } from '#protocol';
import { EventPage } from '../../container/engine/http/event-page.ts';
import { Labeler, type Labelled, labelledSize, type StreamName } from '../../container/engine/log/label.ts';
import { unlabel, unlabelStream } from '../../container/engine/log/unlabel.ts';

const awkward = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc
    .constantFrom('\u2028"\\\b\f\n\r\t\0\x1f\x7f</script>', 'plain\n', '', '\x1b'.repeat(5000))
    .map((text) => Buffer.from(text)),
);
const runs = fc.array(
  fc.record({ stream: fc.constantFrom('stdout' as const, 'stderr' as const), data: awkward }),
  {
    maxLength: 5,
  },
);

/** The lines of a log in which these were written one after the other. */
function logOf(some: { stream: StreamName; data: Buffer }[]): Buffer {
  const labelers = { stdout: new Labeler('stdout'), stderr: new Labeler('stderr') };
  const parts: Buffer[] = [];
  const add = (work: (out: Buffer) => Labelled, bytes: number) => {
    const out = Buffer.alloc(labelledSize(bytes));
    parts.push(out.subarray(0, work(out).size));
  };
  for (const { stream, data } of some) {
    add((out) => labelers[stream].label(data, out), data.length + 3);
    add((out) => labelers[stream].end(out), 3);
  }
  return Buffer.concat(parts);
}

/** What the encoder of the protocol writes of the same lines. */
function expected(lines: Buffer, before: number, mostLines: number): string {
  let seq = before;
  let text = '';
  for (const { stream, data, lines: count } of unlabel(lines, Buffer.alloc(lines.length), mostLines)) {
    seq += count;
    const whole = Buffer.from(data.toString()).equals(data);
    text += encodeEvent(
      stream,
      whole ? { data: data.toString() } : { dataBase64: data.toString('base64') },
      seq,
    );
  }
  return text;
}

test('a page of any lines is byte for byte what the encoder writes, page after page', () => {
  const page = new EventPage();
  fc.assert(
    fc.property(runs, fc.nat(), fc.constantFrom(1, 2, Number.POSITIVE_INFINITY), (some, seq, mostLines) => {
      const lines = logOf(some);
      const encoded = page.encode(lines, seq, mostLines);
      expect(encoded.bytes.toString()).toBe(expected(lines, seq, mostLines));
      const bytes = (stream: StreamName) => unlabelStream(lines, stream, Buffer.alloc(lines.length), 0);
      expect(encoded).toMatchObject({ stdoutBytes: bytes('stdout'), stderrBytes: bytes('stderr') });
    }),
  );
});

// Events written as bytes are the events that the protocol's encoder writes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeEvent } from '#protocol';
import { EventPage } from '../../container/engine/http/event-page.ts';

const awkward = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc
    .constantFrom('\u2028"\\\b\f\n\r\t\0\x1f\x7f</script>', 'plain\n', '', '\x1b'.repeat(5000))
    .map((text) => Buffer.from(text)),
);
const runs = fc.array(
  fc.record({
    stream: fc.constantFrom('stdout' as const, 'stderr' as const),
    data: awkward,
    seq: fc.nat(),
    lines: fc.constant(1),
  }),
  { maxLength: 5 },
);

function expected({ stream, data, seq }: { stream: string; data: Buffer; seq: number }): string {
  const text = data.toString();
  const whole = Buffer.from(text).equals(data);
  return encodeEvent(stream, whole ? { data: text } : { dataBase64: data.toString('base64') }, seq);
}

test('a page of any runs is byte for byte what the encoder writes, page after page', () => {
  const page = new EventPage();
  fc.assert(
    fc.property(runs, (some) => {
      expect(page.encode(some).toString()).toBe(some.map(expected).join(''));
    }),
  );
});

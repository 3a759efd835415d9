// Whatever is encoded is decoded, wherever the bytes are cut.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeEvents, encodeEvent, SSE_COMMENT } from '../../sdk/protocol/index.ts';
import { collect } from '../sdk/harness/collect.ts';

const data = fc.oneof(
  fc.record({ data: fc.string({ unit: 'binary', maxLength: 200 }) }),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => ({ dataBase64: Buffer.from(bytes).toString('base64') })),
);
const output = fc.record({
  type: fc.constantFrom('stdout' as const, 'stderr' as const),
  seq: fc.nat(),
  data,
  heartbeat: fc.boolean(),
});

test('any events, cut anywhere, come back in order and unaltered', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(output, { maxLength: 20 }),
      fc.array(fc.nat(), { maxLength: 20 }),
      async (events, cuts) => {
        const text = events
          .map(
            ({ type, seq, data, heartbeat }) => encodeEvent(type, data, seq) + (heartbeat ? SSE_COMMENT : ''),
          )
          .join('');
        const bytes = new TextEncoder().encode(text);
        const places = cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b);
        const chunks = [0, ...places].map((from, i) => bytes.subarray(from, places[i] ?? bytes.length));
        const decoded = await collect(decodeEvents(streamOf(chunks)));
        expect(decoded).toEqual(events.map(({ type, seq, data }) => ({ type, seq, ...data })));
      },
    ),
    { numRuns: 300 },
  );
});

function streamOf(chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

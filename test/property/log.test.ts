// The log gives back exactly the bytes that came in, however they were cut and mixed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { CommandLog } from '../../container/engine/log/command-log.ts';
import { Labeler, labelledSize, type StreamName } from '../../container/engine/log/label.ts';
import { unlabel, unlabelStream } from '../../container/engine/log/unlabel.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-log-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Bytes rich in what could confuse: newlines, NUL, the prefixes' own bytes, cut and broken UTF-8. */
const awkward = fc
  .array(
    fc.oneof(
      fc
        .constantFrom('\n', '\0', '\x01\x01\x01', '\x02\x02\x00', '\r\n', 'é', '漢', '🙂', 'plain text')
        .map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
    ),
    { maxLength: 30 },
  )
  .map((parts) => Buffer.concat(parts));

const writes = fc.array(
  fc.record({ stream: fc.constantFrom<StreamName>('stdout', 'stderr'), chunk: awkward }),
  {
    maxLength: 20,
  },
);

const written = (chunks: { stream: StreamName; chunk: Buffer }[], stream: StreamName) =>
  Buffer.concat(chunks.filter((one) => one.stream === stream).map((one) => one.chunk));

/** Whole log of labelled writes, as the format has it. */
function label(chunks: { stream: StreamName; chunk: Buffer }[]): Buffer {
  const labelers = { stdout: new Labeler('stdout'), stderr: new Labeler('stderr') };
  const parts: Buffer[] = [];
  // The engine reads every chunk into the same memory, so nothing of the one before may be needed.
  const memory = Buffer.alloc(64 * 1024);
  for (const { stream, chunk } of chunks) {
    chunk.copy(memory);
    const out = Buffer.alloc(labelledSize(chunk.length));
    parts.push(out.subarray(0, labelers[stream].label(memory.subarray(0, chunk.length), out).size));
  }
  for (const stream of ['stdout', 'stderr'] as const) {
    const out = Buffer.alloc(labelledSize(0));
    parts.push(out.subarray(0, labelers[stream].end(out).size));
  }
  return Buffer.concat(parts);
}

test('a log turns back into the two streams, byte for byte', () => {
  fc.assert(
    fc.property(writes, (chunks) => {
      const log = label(chunks);
      for (const stream of ['stdout', 'stderr'] as const) {
        const into = Buffer.alloc(log.length);
        const size = unlabelStream(log, stream, into, 0);
        expect(into.subarray(0, size)).toEqual(written(chunks, stream));
      }
    }),
  );
});

test('the runs of a log hold the same bytes, and count its lines', () => {
  fc.assert(
    fc.property(writes, (chunks) => {
      const log = label(chunks);
      const streams = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
      let lines = 0;
      for (const run of unlabel(log, Buffer.alloc(log.length))) {
        streams[run.stream].push(Buffer.from(run.data));
        lines += run.lines;
      }
      expect(lines).toBe(log.filter((byte) => byte === 10).length);
      expect(Buffer.concat(streams.stdout)).toEqual(written(chunks, 'stdout'));
      expect(Buffer.concat(streams.stderr)).toEqual(written(chunks, 'stderr'));
    }),
  );
});

test('every line has a prefix, and none is cut inside a character of valid UTF-8', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.array(fc.nat(160)), (text, cuts) => {
      const bytes = Buffer.from(text);
      const places = [...new Set(cuts.filter((cut) => cut < bytes.length))].sort((a, b) => a - b);
      const chunks = [0, ...places].map((from, i) => ({
        stream: 'stdout' as const,
        chunk: bytes.subarray(from, places[i] ?? bytes.length),
      }));
      for (const line of label(chunks).toString('latin1').split('\n').slice(0, -1)) {
        expect(line.slice(0, 3)).toMatch(/^\x01\x01[\x00\x01]$/);
        expect(() =>
          new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(line.slice(3), 'latin1')),
        ).not.toThrow();
      }
    }),
  );
});

test('reading on from any seq gives what follows it, from memory and from the file', () => {
  let made = 0;
  fc.assert(
    fc.property(writes, fc.nat(), fc.boolean(), (chunks, pick, large) => {
      const log = new CommandLog(join(folder, String(made++)));
      const bulk = large ? [{ stream: 'stdout' as const, chunk: Buffer.alloc(20_000, 'x\n') }] : [];
      const all = [...chunks, ...bulk, ...chunks];
      for (const { stream, chunk } of all) log.append(stream, chunk);
      log.flush();
      log.rest();
      const whole = label(all);
      const seq = log.seq === 0 ? 0 : pick % (log.seq + 1);
      const { offset } = log.placeAfter(seq);
      expect(log.size).toBe(whole.length);
      expect(whole.subarray(0, offset).filter((byte) => byte === 10).length).toBe(seq);
      expect(Buffer.from(log.read(offset))).toEqual(whole.subarray(offset));
      log.remove();
    }),
    { numRuns: 60 },
  );
});

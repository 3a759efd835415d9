// A log that rolls: what is kept is exact, and what has left is counted to the byte.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { CommandLog } from '../../container/engine/log/command-log.ts';
import type { StreamName } from '../../container/engine/log/label.ts';
import { unlabelStream } from '../../container/engine/log/unlabel.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-rolling-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ROLL = 64 * 1024;
let made = 0;

/** Chunks of up to 12 KB whose bytes tell where in the stream they stood. */
const writes = fc.array(
  fc.record({
    stream: fc.constantFrom<StreamName>('stdout', 'stderr'),
    size: fc.integer({ min: 1, max: 12_000 }),
    lineLength: fc.integer({ min: 1, max: 3_000 }),
  }),
  { minLength: 1, maxLength: 60 },
);

function chunk(size: number, lineLength: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size, 97 + (seed % 26));
  for (let i = lineLength; i < size; i += lineLength) bytes[i] = 10;
  return bytes;
}

const bytesOnDisk = (name: string) =>
  readdirSync(folder)
    .filter((file) => file.startsWith(`${name}.`))
    .reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);

test('a rolling log keeps whole lines of its newest bytes, counts what left, and stays under its limit', () => {
  fc.assert(
    fc.property(writes, (chunks) => {
      const name = String(made++);
      const log = new CommandLog(join(folder, name), ROLL);
      const whole = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
      for (const [i, { stream, size, lineLength }] of chunks.entries()) {
        const bytes = chunk(size, lineLength, i);
        whole[stream].push(bytes);
        log.append(stream, bytes);
        // A piece is as long as one write longer than an eighth of the limit.
        expect(bytesOnDisk(name)).toBeLessThanOrEqual(ROLL + 64 * 1024);
        expect(log.keptBytes).toBe(log.size - log.head.offset);
      }
      log.flush();
      log.rest();
      const { head, end } = log;
      const kept: Buffer[] = [];
      for (let offset = head.offset; offset < end.offset; ) {
        const lines = log.read(offset);
        expect(lines.length).toBeGreaterThan(0);
        expect([1, 2]).toContain(lines[0]);
        kept.push(Buffer.from(lines));
        offset += lines.length;
      }
      const lines = Buffer.concat(kept);
      expect(lines.filter((byte) => byte === 10).length).toBe(end.seq - head.seq);
      for (const stream of ['stdout', 'stderr'] as const) {
        const all = Buffer.concat(whole[stream]);
        const lost = stream === 'stdout' ? head.stdoutBytes : head.stderrBytes;
        const into = Buffer.alloc(lines.length);
        const size = unlabelStream(lines, stream, into, 0);
        expect(lost + size).toBe(all.length);
        expect(into.subarray(0, size).equals(all.subarray(lost))).toBe(true);
      }
      log.remove();
      expect(bytesOnDisk(name)).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test('the place of a seq that a reader was given is exact after it has left the log', () => {
  fc.assert(
    fc.property(writes, writes, (before, after) => {
      const log = new CommandLog(join(folder, String(made++)), ROLL);
      const append = (chunks: typeof before) => {
        for (const [i, { stream, size, lineLength }] of chunks.entries())
          log.append(stream, chunk(size, lineLength, i));
      };
      append(before);
      const place = log.end;
      log.given(place);
      append(after);
      for (let i = 0; i < 10; i++) log.append('stdout', chunk(12_000, 80, i));
      expect(log.placeAfter(place.seq)).toEqual(place);
      log.remove();
    }),
    { numRuns: 40 },
  );
});

test('what is written after a log was removed leaves no file, and is counted as gone', () => {
  const name = String(made++);
  const log = new CommandLog(join(folder, name), ROLL);
  log.append('stdout', chunk(30_000, 80, 0));
  log.remove();
  log.append('stdout', chunk(30_000, 80, 1));
  log.append('stderr', chunk(30_000, 80, 2));
  expect(bytesOnDisk(name)).toBe(0);
  expect(log.head).toEqual(log.end);
  expect(log.end).toMatchObject({ stdoutBytes: 60_000, stderrBytes: 30_000 });
});

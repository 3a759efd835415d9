// A log that another engine goes on with: whole lines, counted right, wherever the death of the first cut its file.
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { CommandLog, type KeptLog } from '../../container/engine/log/command-log.ts';
import type { StreamName } from '../../container/engine/log/label.ts';
import { unlabelStream } from '../../container/engine/log/unlabel.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-restore-'));
afterAll(() => rmSync(folder, { recursive: true }));
let made = 0;

type Writes = { stream: StreamName; chunk: Buffer }[];

const chunk = fc.oneof(
  fc
    .constantFrom('\n', '\0', '\x01\x01\x01', 'é', '漢', 'plain text\n', 'a prompt> ')
    .map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
  fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 2, max: 200 })).map(([size, length]) => {
    const bytes = Buffer.alloc(size, 'long ');
    for (let at = length; at < size; at += length) bytes[at] = 10;
    return bytes;
  }),
);
const writes: fc.Arbitrary<Writes> = fc.array(
  fc.record({ stream: fc.constantFrom<StreamName>('stdout', 'stderr'), chunk }),
  { maxLength: 20 },
);

/** What an engine writes down of a log, as its journal does. */
class Kept {
  log: KeptLog = { lines: undefined, files: [] };
  /** What it had until all was in files. */
  linesBefore: Buffer | undefined;

  lines(lines: Buffer): void {
    this.log.lines = Buffer.concat([this.log.lines ?? Buffer.alloc(0), lines]);
  }

  files(files: KeptLog['files']): void {
    this.log.files = files;
  }

  filed(): void {
    this.linesBefore = this.log.lines;
    this.log.lines = undefined;
  }
}

/** Large enough that nothing leaves, small enough that there are several files. */
const ROLL = 640 * 1024;

function written(path: string, all: Writes, kept: Kept): CommandLog {
  const log = new CommandLog(path, ROLL, kept);
  for (const one of all) log.append(one.stream, one.chunk);
  log.rest();
  return log;
}

function restored(path: string, kept: Kept): CommandLog {
  const log = new CommandLog(path, ROLL, kept);
  log.restore(kept.log);
  return log;
}

function allOf(log: CommandLog): Buffer {
  const parts: Buffer[] = [];
  for (let at = log.head.offset; at < log.size; at += parts.at(-1)!.length) {
    parts.push(Buffer.from(log.read(at)));
    expect(parts.at(-1)!.length).toBeGreaterThan(0);
  }
  return Buffer.concat(parts);
}

/** Its counts are those of its lines behind its head. */
function expectCounted(log: CommandLog): void {
  const lines = allOf(log);
  const { head, end } = log;
  const bytesOf = (stream: StreamName) => unlabelStream(lines, stream, Buffer.alloc(lines.length), 0);
  expect(lines.length).toBe(end.offset - head.offset);
  expect(lines.filter((byte) => byte === 10).length).toBe(end.seq - head.seq);
  expect(bytesOf('stdout')).toBe(end.stdoutBytes - head.stdoutBytes);
  expect(bytesOf('stderr')).toBe(end.stderrBytes - head.stderrBytes);
}

const filesOf = (path: string) =>
  readdirSync(folder)
    .filter((file) => join(folder, file).startsWith(`${path}.`))
    .map((file) => join(folder, file))
    .sort((a, b) => Number(a.slice(path.length + 1)) - Number(b.slice(path.length + 1)));

test('a log is the same log in another engine, and goes on', () => {
  fc.assert(
    fc.property(writes, writes, (before, after) => {
      const kept = new Kept();
      const path = join(folder, String(made++));
      const first = written(path, before, kept);
      const second = restored(path, kept);
      expect(second.head).toEqual(first.head);
      expect(second.end).toEqual(first.end);
      for (const { stream, chunk: bytes } of after) second.append(stream, bytes);
      second.flush();
      expectCounted(second);
      second.remove();
    }),
    { numRuns: 100 },
  );
});

test('a file that is cut at any byte gives its whole lines, with the right seq and bytes, and goes on behind them', () => {
  const bulk: Writes = [{ stream: 'stdout', chunk: Buffer.alloc(9000, 'line\n') }];
  fc.assert(
    fc.property(writes, writes, fc.nat(), fc.boolean(), (before, after, pick, whileFiled) => {
      const kept = new Kept();
      const path = join(folder, String(made++));
      const whole = allOf(written(path, [...before, ...bulk], kept));
      const files = filesOf(path);
      const bytes = readFileSync(files.at(-1)!);
      const cut = pick % (bytes.length + 1);
      truncateSync(files.at(-1)!, cut);
      // Killed between the write and the note that memory is no longer needed.
      if (whileFiled && files.length === 1) kept.log.lines = kept.linesBefore;
      const log = restored(path, kept);
      const inFiles = whole.length - bytes.length + bytes.subarray(0, cut).lastIndexOf(10) + 1;
      const left = Math.max(inFiles, kept.log.lines?.length ?? 0);
      expect(allOf(log).equals(whole.subarray(0, left))).toBe(true);
      expectCounted(log);
      for (const { stream, chunk: more } of after) log.append(stream, more);
      log.flush();
      expectCounted(log);
      expect(allOf(log).subarray(0, left).equals(whole.subarray(0, left))).toBe(true);
      log.remove();
    }),
    { numRuns: 150 },
  );
});

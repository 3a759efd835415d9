// Pages of output: joined they are the streams, whatever the size of a page, and what is missing is told.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import type { OutputPage } from '#protocol';
import { Command } from '../../container/engine/command/command.ts';
import { readPage } from '../../container/engine/command/page.ts';
import { CommandRecorder } from '../../container/engine/command/recorder.ts';
import { Journal, journalHeader } from '../../container/engine/journal/journal.ts';
import { CommandLog } from '../../container/engine/log/command-log.ts';
import type { StreamName } from '../../container/engine/log/label.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-page-'));
afterAll(() => rmSync(folder, { recursive: true }));
let made = 0;
const journal = Journal.begin(join(folder, 'journal'), journalHeader(1));

type Writes = { stream: StreamName; chunk: Buffer }[];

function finished(writes: Writes): Command {
  const path = join(folder, String(made++));
  const command = new Command(
    path,
    {
      sessionId: 'default',
      mode: 'background',
      text: '',
      cwd: undefined,
      cwdStays: false,
      env: undefined,
      stdin: undefined,
      stdinOpen: false,
      timeoutMs: undefined,
      disconnectGraceMs: null,
    },
    path,
    new Date(),
    new CommandRecorder(journal, path),
  );
  command.start(new Date(), {});
  for (const { stream, chunk } of writes) command.log.append(stream, chunk);
  command.finish({ exitCode: 0, signal: null, shellRestarted: false, cwd: '/' }, new Date());
  command.log.flush();
  command.log.rest();
  command.settle();
  return command;
}

const awkward = fc
  .array(
    fc.oneof(
      fc
        .constantFrom('\n', '\0', '\x01\x01\x01', 'é', '漢', '🙂', 'plain text\n')
        .map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
      fc.integer({ min: 1, max: 30_000 }).map((size) => Buffer.alloc(size, 'long ')),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat(parts));

const writes: fc.Arbitrary<Writes> = fc.array(
  fc.record({ stream: fc.constantFrom<StreamName>('stdout', 'stderr'), chunk: awkward }),
  { maxLength: 12 },
);

const bytesOf = ({ data, dataBase64 }: OutputPage['chunks'][number]) =>
  data === undefined ? Buffer.from(dataBase64!, 'base64') : Buffer.from(data);

const joined = (chunks: OutputPage['chunks'], stream: StreamName) =>
  Buffer.concat(chunks.filter((one) => one.stream === stream).map(bytesOf));

const written = (all: Writes, stream: StreamName) =>
  Buffer.concat(all.filter((one) => one.stream === stream).map((one) => one.chunk));

const sizes = fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 100_000 }));

test('pages of any size, joined, are the two streams; seqs rise; the last page alone says so', () => {
  fc.assert(
    fc.property(writes, sizes, (all, maxBytes) => {
      const command = finished(all);
      const chunks: OutputPage['chunks'] = [];
      let since = 0;
      for (let alive = true; alive; ) {
        const page = readPage(command, { since, maxBytes });
        expect(page).toMatchObject({ exitCode: 0, lostBytes: 0, truncated: page.alive });
        const size = page.chunks.reduce((sum, one) => sum + bytesOf(one).length, 0);
        // One line is there whatever its size.
        if (size > maxBytes) expect(page.nextSeq).toBe(since + 1);
        for (const chunk of page.chunks) {
          expect(chunk.seq).toBeGreaterThan(chunks.at(-1)?.seq ?? 0);
          chunks.push(chunk);
        }
        if (page.alive) expect(page.nextSeq).toBeGreaterThan(since);
        since = page.nextSeq;
        ({ alive } = page);
      }
      expect(since).toBe(command.log.seq);
      for (const stream of ['stdout', 'stderr'] as const)
        expect(joined(chunks, stream).equals(written(all, stream))).toBe(true);
      command.log.remove();
    }),
  );
});

test('head and tail are what each stream begins and ends with, and the rest is counted', () => {
  fc.assert(
    fc.property(writes, sizes, (all, maxOutputBytes) => {
      const command = finished(all);
      const page = readPage(command, { since: 0, maxBytes: 1, maxOutputBytes });
      const size = page.chunks.reduce((sum, one) => sum + bytesOf(one).length, 0);
      const total = command.log.stdoutBytes + command.log.stderrBytes;
      expect(size).toBeLessThanOrEqual(maxOutputBytes);
      expect(size + (page.omittedBytes ?? 0)).toBe(total);
      expect(page).toMatchObject({
        nextSeq: command.log.seq,
        alive: false,
        truncated: total > maxOutputBytes,
      });
      // At most a cut character is missing on either side.
      if (total > maxOutputBytes) expect(size).toBeGreaterThanOrEqual(maxOutputBytes - 6);
      command.log.remove();
    }),
  );
});

test('head and tail of one long line, cut between characters', () => {
  const line = Buffer.from('€'.repeat(20_000));
  const page = readPage(finished([{ stream: 'stdout', chunk: line }]), {
    since: 0,
    maxBytes: 1,
    maxOutputBytes: 1_000,
  });
  expect(page.chunks.map(({ data }) => data)).toEqual(['€'.repeat(166), '€'.repeat(166)]);
  expect(page.omittedBytes).toBe(60_000 - 996);
});

test('a reader who comes back after the log has rolled is told exactly what it missed', () => {
  const line = Buffer.from(`${'x'.repeat(999)}\n`.repeat(60));
  const command = finished([]);
  const log = new CommandLog(join(folder, String(made++)), 1024 * 1024);
  Object.defineProperty(command, 'log', { value: log });
  for (let i = 0; i < 10; i++) log.append('stdout', line);
  const first = readPage(command, { since: 0, maxBytes: 100_000 });
  expect(first).toMatchObject({ nextSeq: 100, lostBytes: 0, truncated: true });
  for (let i = 0; i < 40; i++) log.append(i % 2 ? 'stdout' : 'stderr', line);
  const { head, end } = log;
  const second = readPage(command, { since: first.nextSeq, maxBytes: 10_000_000 });
  const seen = second.chunks.reduce((sum, one) => sum + bytesOf(one).length, 0);
  expect(head.offset).toBeGreaterThan(0);
  expect(second.truncated).toBe(true);
  expect(100_000 + second.lostBytes + seen).toBe(end.stdoutBytes + end.stderrBytes);
  log.remove();
});

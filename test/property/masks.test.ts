// Masked output: no secret in it, wherever writes, reads and pages cut, and a seq means the same line to everybody.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { CommandLog } from '../../container/engine/log/command-log.ts';
import type { StreamName } from '../../container/engine/log/label.ts';
import { unlabelStream } from '../../container/engine/log/unlabel.ts';
import { readMasked } from '../../container/engine/secrets/masked-lines.ts';
import { Masks } from '../../container/engine/secrets/masks.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-masks-'));
afterAll(() => rmSync(folder, { recursive: true }));
let made = 0;

const SECRETS = [
  'hunter2',
  'hunter2-and-more',
  'more-hunter2',
  'line one\nline two\n',
  'pässwörter🙂',
  'aaaaaa',
  '\n\n\n\n\n\n',
];
const KEEPER = { lines() {}, files() {}, filed() {} };
const STREAMS = ['stdout', 'stderr'] as const;

type Writes = { stream: StreamName; chunk: Buffer }[];

/** Texts of secrets and of what resembles them, cut anywhere, the pieces of both streams mixed. */
const writes: fc.Arbitrary<Writes> = fc
  .array(
    fc.record({
      stream: fc.constantFrom(...STREAMS),
      text: fc.oneof(
        fc.constantFrom(...SECRETS),
        fc.constantFrom('hunter', 'hunt', 'more-', 'line one\n', 'a', '\n', 'x', 'ü', '🙂', 'plain text\n'),
      ),
      cuts: fc.array(fc.nat({ max: 20 }), { maxLength: 3 }),
    }),
    { maxLength: 15 },
  )
  .map((all) =>
    all.flatMap(({ stream, text, cuts }) => {
      const bytes = Buffer.from(text);
      const places = [
        0,
        ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b),
        bytes.length,
      ];
      return places.slice(1).map((end, at) => ({ stream, chunk: bytes.subarray(places[at]!, end) }));
    }),
  );

const logOf = (all: Writes) => {
  const log = new CommandLog(join(folder, String(made++)), Number.POSITIVE_INFINITY, KEEPER as never);
  for (const { stream, chunk } of all) log.append(stream, chunk);
  log.flush();
  return log;
};

const bytesOf = (lines: Buffer, stream: StreamName) => {
  const into = Buffer.alloc(lines.length);
  return into.subarray(0, unlabelStream(lines, stream, into, 0));
};
const written = (all: Writes, stream: StreamName) =>
  Buffer.concat(all.filter((one) => one.stream === stream).map(({ chunk }) => chunk));
const lineList = (lines: Buffer): string[] => {
  const list: string[] = [];
  for (let at = 0; at < lines.length; ) {
    const end = lines.indexOf(10, at + 3) + 1;
    list.push(lines.toString('latin1', at, end));
    at = end;
  }
  return list;
};

/** All of a log's lines, read as whoever begins behind `seq` reads them. */
function shown(log: CommandLog, masks: Masks, seq = 0): Buffer {
  const parts: Buffer[] = [];
  for (let at = log.placeAfter(seq); ; ) {
    const { lines, end } = readMasked({ log, masks, from: at, final: true });
    parts.push(lines);
    if (end.offset === at.offset) return Buffer.concat(parts);
    at = end;
  }
}

const masks = new Masks(SECRETS);

describe('a masked log', () => {
  test('holds of each stream what the stream is without its secrets', () => {
    fc.assert(
      fc.property(writes, (all) => {
        const lines = shown(logOf(all), masks);
        for (const stream of STREAMS) {
          const told = bytesOf(lines, stream);
          expect(told.toString()).toBe(masks.bytes(written(all, stream)).toString());
          for (const secret of SECRETS) expect(told.includes(secret)).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('has as many lines, and whoever begins behind a seq has the rest of them', () => {
    fc.assert(
      fc.property(writes, fc.nat(), (all, nat) => {
        const log = logOf(all);
        const lines = lineList(shown(log, masks));
        expect(lines).toHaveLength(log.seq);
        const seq = nat % (log.seq + 1);
        expect(lineList(shown(log, masks, seq))).toEqual(lines.slice(seq));
      }),
      { numRuns: 500 },
    );
  });

  test('never shows a secret to who follows it, and loses nothing once it has ended', () => {
    fc.assert(
      fc.property(writes, (all) => {
        const log = new CommandLog(join(folder, String(made++)), Number.POSITIVE_INFINITY, KEEPER as never);
        const parts: Buffer[] = [];
        let at = log.end;
        const follow = (final: boolean) => {
          const { lines, end } = readMasked({ log, masks, from: at, final });
          parts.push(lines);
          at = end;
        };
        for (const { stream, chunk } of all) {
          log.append(stream, chunk);
          follow(false);
        }
        log.flush();
        follow(true);
        expect(at).toEqual(log.end);
        for (const stream of STREAMS) {
          const told = bytesOf(Buffer.concat(parts), stream).toString();
          for (const secret of SECRETS) expect(told.includes(secret), secret).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('is the log itself where nothing of it is secret', () => {
    const log = logOf([{ stream: 'stdout', chunk: Buffer.from('a\nb') }]);
    expect(shown(log, masks)).toEqual(Buffer.from(log.read(0)));
  });
});

describe('a mask', () => {
  test('covers whatever overlaps, once', () => {
    expect(masks.text('hunter2')).toBe('***');
    expect(masks.text('<hunter2-and-more-hunter2>')).toBe('<***>');
    expect(masks.text('aaaaaaaaaaaaa')).toBe('***');
    expect(masks.text('hunter2hunter2, hunter')).toBe('***, hunter');
    expect(masks.text('line one\nline two\nend')).toBe('***end');
    expect(masks.text('xpässwörter🙂x')).toBe('x***x');
    expect(masks.text('')).toBe('');
  });
});

// Looking for something in output: the same wherever reads and pages cut it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Labeler, labelledSize, type StreamName } from '../../../container/engine/log/label.ts';
import { finder } from '../../../container/engine/process/finder.ts';
import { OutputSearch } from '../../../container/engine/process/output-search.ts';

/** The log lines of some writes of one stream. */
function lines(stream: StreamName, ...writes: string[]): Buffer {
  const labeler = new Labeler(stream);
  return Buffer.concat(
    writes.map((text) => {
      const out = Buffer.alloc(labelledSize(Buffer.byteLength(text)));
      return out.subarray(0, labeler.label(Buffer.from(text), out).size);
    }),
  );
}

const searchFor = (wanted: string | RegExp) =>
  new OutputSearch(
    finder(
      typeof wanted === 'string'
        ? { for: 'output', text: wanted }
        : { for: 'output', pattern: wanted.source, flags: wanted.flags },
    ),
  );

test('wherever the output is cut, what is in it is found', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n', 'é', '🐚'), maxLength: 5 })),
      (writes) => {
        for (const wanted of ['ab\na', /b\n+a/]) {
          const search = searchFor(wanted);
          let seq = 0;
          let found = false;
          for (const write of writes) {
            const fed = search.feed(lines('stdout', write), seq);
            seq = fed.seq;
            found ||= fed.match !== undefined;
          }
          const whole = writes.join('');
          expect(found).toBe(typeof wanted === 'string' ? whole.includes(wanted) : wanted.test(whole));
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('a match tells the line it ends in, and the stream', () => {
  const search = searchFor('two\nthr');
  expect(search.feed(lines('stderr', 'one\ntwo\n'), 10)).toEqual({ match: undefined, seq: 12 });
  expect(search.feed(lines('stdout', 'thr'), 12)).toEqual({ match: undefined, seq: 13 });
  expect(search.feed(lines('stderr', 'three\nfour\n'), 13)).toEqual({
    match: { stream: 'stderr', text: 'two\nthr', groups: [], nextSeq: 14 },
    seq: 15,
  });
});

test('the start of a window is not the start of the output', () => {
  const search = searchFor(/^needle/);
  let seq = 0;
  for (let i = 0; i < 8; i++) ({ seq } = search.feed(lines('stdout', 'x'.repeat(65_536)), seq));
  expect(search.feed(lines('stdout', 'needle'), seq).match).toBeUndefined();
  const inLines = searchFor(/^needle/m);
  ({ seq } = inLines.feed(lines('stdout', `${'x'.repeat(100_000)}\n`), 0));
  expect(inLines.feed(lines('stdout', 'needle'), seq).match).toMatchObject({
    text: 'needle',
    nextSeq: seq + 1,
  });
});

test('a pattern that backtracks without end is given up', () => {
  const search = searchFor(/(a+)+$/);
  expect(() => search.feed(lines('stdout', `${'a'.repeat(60)}!`), 0)).toThrow('backtracks less');
});

// The client's parser against bytes cut anywhere: a benchmark that miscounts is worse than none.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ResponseParser } from './response-parser.ts';
import { StreamCounter } from './stream-counter.ts';

const RESPONSES = Buffer.from(
  [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    'HTTP/1.1 204 No Content\r\n\r\n',
    'HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123\r\n6789\r\n0\r\n\r\n',
    'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n',
  ].join(''),
);

function parse(pieces: Buffer[]) {
  const seen: { status: number; body: string; keeps?: boolean }[] = [];
  const parser = new ResponseParser({
    onHead: (status) => seen.push({ status, body: '' }),
    onBytes: (bytes) => {
      seen.at(-1)!.body += bytes.toString('latin1');
    },
    onEnd: (keeps) => {
      seen.at(-1)!.keeps = keeps;
    },
  });
  for (const piece of pieces) parser.feed(piece);
  return seen;
}

test('responses are read the same wherever their bytes are cut', () => {
  const cuts = fc.array(fc.nat(RESPONSES.length), { maxLength: 20 });
  fc.assert(
    fc.property(cuts, (places) => {
      expect(parse(cut(RESPONSES, places))).toEqual([
        { status: 200, body: 'hello', keeps: true },
        { status: 204, body: '', keeps: true },
        { status: 201, body: 'abc0123\r\n6789', keeps: true },
        { status: 404, body: '', keeps: false },
      ]);
    }),
  );
});

test('bytes of output are counted in events cut anywhere, characters of several bytes included', () => {
  const frames = ['a\n', 'ü€\n', '"quoted"\n'].map(
    (data, seq) => `id: ${seq + 1}\nevent: stdout\ndata: ${JSON.stringify({ data })}\n\n`,
  );
  const start = 'event: start\ndata: {"commandId":"x"}\n\n';
  const bytes = Buffer.from([start, ...frames, 'event: exit\ndata: {"exitCode":0}\n\n'].join(''));
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 20 }), (places) => {
      const counter = new StreamCounter();
      for (const piece of cut(bytes, places)) counter.feed(piece);
      expect(counter.bytes).toBe(Buffer.byteLength('a\nü€\n"quoted"\n'));
    }),
  );
});

function cut(bytes: Buffer, places: number[]): Buffer[] {
  const at = [0, ...places.sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

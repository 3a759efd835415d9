// A reader that comes back for events of which only storage knows gets what follows, or is told that it cannot.
import { expect, test } from 'vitest';
import { encodeEvent } from '#protocol';
import { keptEvents } from '../../worker/sandbox/kept-answer.ts';

const encoder = new TextEncoder();
const start = encodeEvent('start', { commandId: 'a' });
const exit = encodeEvent('exit', { exitCode: 0 });

/** What is behind that seq, of events that stand between start and exit. */
async function behind(after: number, ...events: string[]): Promise<string | undefined> {
  const kept = new Uint8Array(encoder.encode([start, ...events, exit].join('')));
  return await keptEvents(kept, after)?.text();
}

const four = encodeEvent('stdout', { data: 'one\ntwo\nthree\nfour\n' }, 4);
const sixth = encodeEvent('stderr', { data: 'é\nsix' }, 6);

test('from the beginning it gets all, and behind the last line the end', async () => {
  expect(await behind(0, four, sixth)).toBe(start + four + sixth + exit);
  expect(await behind(6, four, sixth)).toBe(exit);
});

test('behind a line in the middle of an event it gets the lines that follow', async () => {
  expect(await behind(1, four, sixth)).toBe(
    encodeEvent('stdout', { data: 'two\nthree\nfour\n' }, 4) + sixth + exit,
  );
  expect(await behind(4, four, sixth)).toBe(sixth + exit);
  expect(await behind(5, four, sixth)).toBe(encodeEvent('stderr', { data: 'six' }, 6) + exit);
});

test('bytes that are no text are cut at their lines too', async () => {
  const bytes = (...values: number[]) => ({ dataBase64: new Uint8Array(values).toBase64() });
  const binary = encodeEvent('stdout', bytes(0xff, 10, 0xfe, 10), 2);
  expect(await behind(1, binary)).toBe(encodeEvent('stdout', bytes(0xfe, 10), 2) + exit);
});

test('where a line was written in pieces it is not known where they end, and nothing is made up', async () => {
  const pieces = encodeEvent('stdout', { data: 'one\ntwo\n' }, 3);
  expect(await behind(1, pieces)).toBeUndefined();
  expect(await behind(3, pieces)).toBe(exit);
});

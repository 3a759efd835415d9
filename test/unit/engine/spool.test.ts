// What an engine took out of a FIFO and did not keep in the log before it died is handed on by the next one, once.
import { closeSync, constants, existsSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { OutputFifo } from '../../../container/engine/fifo/output-fifo.ts';
import { Spool, type SpoolPlace } from '../../../container/engine/fifo/spool.ts';
import { mkfifo } from '../../../container/engine/linux/libc.ts';
import { Poller } from '../../../container/engine/linux/poller.ts';

const { O_RDWR, O_RDONLY, O_NONBLOCK } = constants;

const folder = mkdtempSync(join(tmpdir(), 'holdfast-spool-'));
const poller = new Poller(join(folder, 'wake'));
afterAll(() => {
  poller.close();
  rmSync(folder, { recursive: true });
});

let made = 0;
let fifo: string;
/** The command's end: it holds the FIFO, so what is in it stays when a reader goes. */
let writer: number;

beforeEach(() => {
  fifo = join(folder, String(made++));
  mkfifo(fifo);
  writer = openSync(fifo, O_RDWR | O_NONBLOCK);
  return () => closeSync(writer);
});

/** An engine that takes what waits in the FIFO and dies; answers where the stream began for it. */
function takeAndDie(): SpoolPlace {
  const pipe = openSync(fifo, O_RDONLY | O_NONBLOCK);
  const spool = new Spool(fifo);
  const { place } = spool;
  while (spool.take(pipe)) {}
  closeSync(pipe);
  return place;
}

/** A reader that goes on; what it was given, and the places it was told. */
function goOn(place: SpoolPlace) {
  const got: Buffer[] = [];
  const places: SpoolPlace[] = [];
  const output = new OutputFifo(fifo, poller, {
    place,
    lease: {
      sink: (chunk) => got.push(Buffer.from(chunk)),
      allKept: () => true,
      moved: (to) => places.push(to),
    },
  });
  return { output, places, text: () => Buffer.concat(got).toString() };
}

test('what was taken and is not in the log is handed on before anything else, and what waits comes after it', () => {
  writeSync(writer, 'kept, not kept, ');
  const place = takeAndDie();
  writeSync(writer, 'not taken');
  const { output, text } = goOn({ ...place, at: 'kept, '.length });
  expect(text()).toBe('not kept, ');
  expect(output.drain(() => {})).toBe('held');
  expect(text()).toBe('not kept, not taken');
  output.close();
});

test('a spool whose bytes are all in the log hands on none of them again', () => {
  writeSync(writer, 'kept');
  const { output, text } = goOn({ ...takeAndDie(), at: 4 });
  output.drain(() => {});
  expect(text()).toBe('');
  output.close();
});

test('one more death later it is the same: what the second engine took is in the same file', () => {
  writeSync(writer, 'first ');
  const place = takeAndDie();
  writeSync(writer, 'second ');
  const pipe = openSync(fifo, O_RDONLY | O_NONBLOCK);
  const second = Spool.resume(fifo, place);
  while (second.rest().length > 0) {}
  while (second.take(pipe)) {}
  closeSync(pipe);
  const { output, text } = goOn(place);
  expect(text()).toBe('first second ');
  output.close();
});

test('a long stream goes on in a new file, whose place is told before the old one is gone', () => {
  writeSync(writer, 'x'.repeat(60_000));
  const place = takeAndDie();
  const { output, places, text } = goOn(place);
  for (let i = 0; i < 2; i++) {
    writeSync(writer, 'y'.repeat(60_000));
    output.drain(() => {});
  }
  expect(text()).toBe('x'.repeat(60_000) + 'y'.repeat(120_000));
  expect(places).toHaveLength(1);
  expect(existsSync(place.file)).toBe(false);
  expect(existsSync(places[0]!.file)).toBe(true);
  output.close();
  expect(existsSync(places[0]!.file)).toBe(false);
});

test('when its last writer has gone the FIFO is free', () => {
  const { output } = goOn(takeAndDie());
  const only = writer;
  closeSync(only);
  expect(output.drain(() => {})).toBe('free');
  writer = openSync(fifo, O_RDWR | O_NONBLOCK);
  output.close();
});

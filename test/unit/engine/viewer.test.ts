// What a viewer of a terminal is sent, over a socket that empties when the test says so.
import { expect, test } from 'vitest';
import { Ring } from '../../../container/engine/log/ring.ts';
import { type Outlet, Viewer } from '../../../container/engine/terminal/viewer.ts';
import type { TerminalMessage } from '../../../sdk/protocol/index.ts';

/** A socket that keeps what it is given until it is emptied. */
class Held implements Outlet {
  waitingBytes = 0;
  readonly sent: Buffer[] = [];
  readonly told: TerminalMessage[] = [];
  closed = false;
  #left: (() => void)[] = [];

  send(bytes: Buffer, left: () => void): void {
    this.sent.push(bytes);
    this.waitingBytes += bytes.length;
    this.#left.push(() => {
      this.waitingBytes -= bytes.length;
      left();
    });
  }
  tell(message: TerminalMessage): void {
    this.told.push(message);
  }
  close(): void {
    this.closed = true;
  }
  empty(): void {
    while (this.#left.length > 0) this.#left.shift()!();
  }
  get bytes(): number {
    return this.sent.reduce((sum, { length }) => sum + length, 0);
  }
}

const KIB = 1024;
const bytes = (count: number) => Buffer.from(Array.from({ length: count }, (_, at) => at % 251));

function viewed(options: { after?: number; window?: number } = {}, limit = KIB * KIB) {
  const clock = { now: 0 };
  const ring = new Ring(limit);
  const outlet = new Held();
  const make = () => new Viewer(ring, outlet, { after: 0, ...options, now: () => clock.now });
  return { clock, ring, outlet, make };
}

test('a socket that does not empty is given no more than it holds, and the rest when it has', () => {
  const { ring, outlet, make } = viewed();
  const viewer = make();
  ring.append(bytes(900 * KIB));
  viewer.feed();
  expect(outlet.bytes).toBeLessThanOrEqual(300 * KIB);
  outlet.empty();
  expect(Buffer.concat(outlet.sent).equals(bytes(900 * KIB))).toBe(true);
  expect(viewer.taken).toBe(900 * KIB);
});

test('with a window no more is sent than was acknowledged and the window', () => {
  const { ring, outlet, make } = viewed({ window: 64 * KIB });
  const viewer = make();
  ring.append(bytes(200 * KIB));
  viewer.feed();
  outlet.empty();
  expect(outlet.bytes).toBe(64 * KIB);
  expect(viewer.taken).toBe(0);
  viewer.acknowledge(10 * KIB);
  outlet.empty();
  expect(outlet.bytes).toBe(74 * KIB);
  // What it was never sent it cannot have.
  viewer.acknowledge(190 * KIB);
  expect(viewer.taken).toBe(10 * KIB);
});

test('what left the ring is told as lost once, when there is room for what follows', () => {
  const { ring, outlet, make } = viewed({ window: 64 * KIB }, 128 * KIB);
  const viewer = make();
  for (let round = 0; round < 10; round += 1) {
    ring.append(bytes(64 * KIB));
    viewer.feed();
  }
  expect(outlet.told).toEqual([]);
  viewer.acknowledge(64 * KIB);
  expect(outlet.told).toEqual([{ type: 'lost', offset: 512 * KIB, lostBytes: 448 * KIB }]);
  expect(outlet.bytes).toBe(128 * KIB);
  // Behind the gap it goes on acknowledging, and gets all the rest.
  viewer.acknowledge(512 * KIB);
  viewer.acknowledge(576 * KIB);
  expect(outlet.bytes).toBe(192 * KIB);
  expect(viewer.taken).toBe(576 * KIB);
});

test('the end is told behind the last byte', () => {
  const { ring, outlet, make } = viewed();
  const viewer = make();
  ring.append(bytes(600 * KIB));
  viewer.feed();
  viewer.end({ type: 'exit', exitCode: 0, signal: null });
  expect(outlet.told).toEqual([]);
  outlet.empty();
  expect(outlet.told).toEqual([{ type: 'exit', exitCode: 0, signal: null }]);
  expect(outlet.closed).toBe(true);
  expect(outlet.bytes).toBe(600 * KIB);
});

test('only the time in which it is waited for counts as being stuck', () => {
  const { clock, ring, outlet, make } = viewed({ window: 64 * KIB });
  const viewer = make();
  clock.now = 600_000;
  expect(viewer.stuckMs(false)).toBe(0);
  clock.now = 603_000;
  ring.append(bytes(10));
  viewer.feed();
  expect(viewer.stuckMs(false)).toBe(3_000);
  outlet.empty();
  // It has been sent all and acknowledged nothing: no matter, unless the program waits.
  clock.now = 900_000;
  expect(viewer.stuckMs(false)).toBe(0);
  clock.now = 930_000;
  expect(viewer.stuckMs(true)).toBe(30_000);
  viewer.acknowledge(10);
  expect(viewer.stuckMs(true)).toBe(0);
});

test('who asks for what is not yet written begins at the end', () => {
  const { ring, make } = viewed({ after: 5_000 });
  ring.append(bytes(100));
  expect(make()).toMatchObject({ offset: 100, lostBytes: 0 });
});

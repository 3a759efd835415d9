// What a viewer of a terminal gets after a cut, beside others, and when it is slow: every byte once, or the word that some are lost.
import { expect } from 'vitest';
import { target } from './harness/api.ts';
import { test } from './harness/session.ts';
import { createTerminal, TestViewer, terminalInfo } from './harness/terminal.ts';
import { until } from './harness/until.ts';

const RING = 1024 * 1024;
/** Starts with a key, so that the viewers are there; then numbered lines, raw, so that each byte is known. */
const lines = (count: number) =>
  `stty raw -echo; echo go; read -rn1; seq -f %07.0f ${count}; echo -n end; read -rn1`;
const numbered = (count: number) =>
  Array.from({ length: count }, (_, at) => `${String(at + 1).padStart(7, '0')}\n`).join('');

test('who is cut off in the middle of much output comes back with its offset and misses nothing, again and again', async ({
  session,
}) => {
  const count = 400_000;
  const { id } = await createTerminal({ session: session.id, command: lines(count) });
  let viewer = await TestViewer.open(id, { window: 65_536 });
  await viewer.sees('go\n');
  viewer.type('x');
  const parts: Buffer[] = [];
  let after = 0;
  for (const size of [10_000, 200_000, 1, 777_777, 500_000, 70_000]) {
    await acknowledging(viewer, size);
    viewer.cut();
    parts.push(viewer.bytes);
    after += viewer.bytes.length;
    viewer = await TestViewer.open(id, { after, window: RING });
    expect(viewer.ready).toMatchObject({ offset: after, lostBytes: 0 });
  }
  await acknowledging(viewer, count * 8 + 'go\nend'.length - after);
  const all = Buffer.concat([...parts, viewer.bytes]).toString();
  expect(all === `go\n${numbered(count)}end`).toBe(true);
  expect((await terminalInfo(id)).bytes).toBe(all.length);
});

/** Reads on, as a viewer with a window does, until so many bytes came on this connection. */
async function acknowledging(viewer: TestViewer, bytes: number): Promise<void> {
  await until(async () => {
    viewer.control({ type: 'ack', offset: viewer.offset });
    return viewer.bytes.length >= bytes;
  }, 30_000);
}

test('a program that writes more than is kept waits for its viewer who was cut off, and not for one who left', async ({
  session,
}) => {
  const count = 400_000;
  const { id } = await createTerminal({ session: session.id, command: lines(count) });
  const first = await TestViewer.open(id, { window: 65_536 });
  await first.sees('go\n');
  first.type('x');
  await until(async () => first.bytes.length > 60_000);
  first.cut();
  let before = -1;
  await until(async () => {
    const { bytes, viewers } = await terminalInfo(id);
    const stands = bytes === before && viewers === 0;
    before = bytes;
    return stands;
  });
  expect(before).toBeLessThan(RING);
  const second = await TestViewer.open(id, { after: first.bytes.length });
  expect(second.ready.lostBytes).toBe(0);
  await second.leave();
  await until(async () => (await terminalInfo(id)).bytes === count * 8 + 6, 20_000);
});

test('several viewers get the same bytes, each at its own pace, and a slow one does not hold the others', async ({
  session,
}) => {
  const count = 200_000;
  const { id } = await createTerminal({ session: session.id, command: lines(count) });
  const [fast, alsoFast] = [await TestViewer.open(id), await TestViewer.open(id)];
  const slow = await TestViewer.open(id, { window: 65_536 });
  await slow.sees('go\n');
  fast.type('x');
  for (const viewer of [fast, alsoFast]) {
    await until(async () => viewer.bytes.length === count * 8 + 6, 30_000);
    expect(viewer.text === `go\n${numbered(count)}end`).toBe(true);
  }
  // It took what its window allows, and nothing waited for it.
  expect(slow.bytes.length).toBeLessThanOrEqual(65_536);
  const first = slow.bytes.length;
  slow.control({ type: 'ack', offset: slow.offset });
  const lost = (await slow.told('lost')) as { offset: number; lostBytes: number };
  expect(lost.offset).toBe(first + lost.lostBytes);
  expect(lost.offset).toBe((await terminalInfo(id)).bytes - RING);
  await until(async () => {
    slow.control({ type: 'ack', offset: lost.offset + slow.bytes.length - first });
    return lost.offset + slow.bytes.length - first === count * 8 + 6;
  });
  expect(slow.bytes.subarray(first).equals(fast.bytes.subarray(lost.offset))).toBe(true);
});

test('the only viewer, however slow, loses nothing: the program waits for it', async ({ session }) => {
  const count = 400_000;
  const { id } = await createTerminal({ session: session.id, command: lines(count) });
  const slow = await TestViewer.open(id, { window: 65_536 });
  await slow.sees('go\n');
  slow.type('x');
  // Until the program does not get on any more.
  let before = -1;
  await until(async () => {
    const { bytes } = await terminalInfo(id);
    const stands = bytes === before && bytes > 300_000;
    before = bytes;
    return stands;
  });
  expect(before).toBeLessThan(RING);
  await acknowledging(slow, count * 8 + 6);
  expect(slow.text === `go\n${numbered(count)}end`).toBe(true);
});

// With proxies between, some 20 MB are on their way before anybody is held.
test.skipIf(target.name !== 'engine')(
  'a connection that takes nothing for a while holds the program, and loses nothing either',
  async ({ session }) => {
    const count = 1_000_000;
    const { id } = await createTerminal({ session: session.id, command: lines(count) });
    const slow = await TestViewer.open(id);
    await slow.sees('go\n');
    slow.type('x');
    await until(async () => slow.bytes.length > 100_000);
    slow.socket.pause();
    let before = -1;
    await until(async () => {
      const { bytes } = await terminalInfo(id);
      const stands = bytes === before;
      before = bytes;
      return stands;
    });
    expect(before).toBeLessThan(count * 8);
    slow.socket.resume();
    await until(async () => slow.bytes.length === count * 8 + 6, 30_000);
    expect(slow.text === `go\n${numbered(count)}end`).toBe(true);
  },
);

test('one that nobody watches runs on; who comes then gets the newest MiB and hears what is lost', async ({
  session,
}) => {
  const count = 300_000;
  const { id } = await createTerminal({ session: session.id, command: lines(count) });
  const first = await TestViewer.open(id);
  await first.sees('go\n');
  first.type('x');
  await first.leave();
  await until(async () => (await terminalInfo(id)).bytes === count * 8 + 6, 30_000);
  const late = await TestViewer.open(id);
  const total = count * 8 + 6;
  expect(late.ready).toMatchObject({ offset: total - RING, lostBytes: total - RING });
  await until(async () => late.bytes.length === RING);
  expect(late.text === `go\n${numbered(count)}end`.slice(-RING)).toBe(true);
  const latest = await TestViewer.open(id, { after: total - 3 });
  await latest.sees('end');
  expect(latest.ready).toMatchObject({ offset: total - 3, lostBytes: 0 });
  // A dropped connection changed nothing for the program.
  expect(await terminalInfo(id)).toMatchObject({ state: 'running' });
});

test('a program that reads nothing holds back its input and nothing else', async ({ session }) => {
  const { id } = await createTerminal({
    session: session.id,
    command:
      'stty raw -echo; echo go; until [ -e $0.read ]; do sleep 0.05; done; head -c 3000000 | md5sum; read -rn1',
  });
  const viewer = await TestViewer.open(id);
  await viewer.sees('go\n');
  const [typed, other] = [Buffer.alloc(3_000_000, 'input '), await TestViewer.open(id)];
  for (let at = 0; at < typed.length; at += 100_000) viewer.socket.send(typed.subarray(at, at + 100_000));
  // The engine answers meanwhile, and so does this terminal.
  const script = (await session.exec('ls /proc/[0-9]*/cmdline | wc -l')).exitCode;
  expect(script).toBe(0);
  other.control({ type: 'resize', cols: 99, rows: 33 });
  await until(async () => (await terminalInfo(id)).pid > 0);
  const { pid } = await terminalInfo(id);
  await session.exec(`name=$(tr '\\0' '\\n' </proc/${pid}/cmdline | tail -1); : > "$name.read"`);
  await viewer.sees(/ {2}-/);
  const { stdout } = await session.exec("yes 'input ' | tr -d '\\n' | head -c 3000000 | md5sum");
  expect(viewer.text).toContain(stdout.trim());
});

// Terminals over the client against a real engine, directly and with connections that are torn on the way.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectEngine, errorCode, type Sandbox } from '../../sdk/index.ts';
import { startEngine } from '../e2e/harness/start-engine.ts';
import { rejection } from './harness/collect.ts';
import { cuttingProxy } from './harness/cutting-proxy.ts';
import { impatient } from './harness/retry.ts';
import { freePort } from './harness/serve.ts';
import { Reader, terminalBehaviour } from './harness/terminal-behaviour.ts';

let engine: Awaited<ReturnType<typeof startEngine>>;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine?.stop());

const tokenOf = () => engine.target.headers.authorization!.replace('Bearer ', '');
const sandbox = (url = engine.target.url): Sandbox =>
  connectEngine(url, { token: tokenOf(), retry: impatient() });

terminalBehaviour(() => sandbox());

test('a connection that is torn again and again in the middle of much output shows no gap and nothing twice', async () => {
  const lines = 300_000;
  const { terminals } = sandbox();
  const { id } = await terminals.create({ command: `stty raw; seq -f %07.0f ${lines}` });
  // Each lets more through than the one before, so that some progress is always made.
  const { url, connections } = await cuttingProxy(engine.target.url, (nth) =>
    nth < 12 ? 30_000 * (nth + 1) : undefined,
  );
  const terminal = await sandbox(url).terminals.connect(id);
  const text = await new Reader(terminal).rest();
  expect(connections()).toBeGreaterThan(8);
  const all = Array.from({ length: lines }, (_, at) => `${String(at + 1).padStart(7, '0')}\n`).join('');
  expect(text === all).toBe(true);
  expect(terminal.lostBytes).toBe(0);
  expect(terminal.offset).toBe(all.length);
});

test('what is typed while there is no connection arrives with the next, and the size is kept', async () => {
  const { terminals } = sandbox();
  const { id } = await terminals.create({
    command: 'echo go; read line; echo "got $line at $(stty size)"; read x',
  });
  let whole = false;
  const { url } = await cuttingProxy(engine.target.url, () => (whole ? undefined : 700));
  const terminal = await sandbox(url).terminals.connect(id, { cols: 100, rows: 40 });
  const read = new Reader(terminal);
  await read.until('go');
  terminal.resize(77, 22);
  await expect.poll(async () => (await terminals.get(id)).cols).toBe(77);
  const other = await terminals.connect(id, { cols: 50, rows: 20 });
  await expect.poll(async () => (await terminals.get(id)).cols).toBe(50);
  other.close();
  whole = true;
  terminal.write('hello\r');
  await read.until('got hello');
  terminal.close();
});

test('a terminal that is gone, or another one of its name, ends the connection with a code', async () => {
  const { terminals } = sandbox();
  const { id } = await terminals.create({ id: 'same', env: { HOME: '/' } });
  const terminal = await terminals.connect(id);
  await terminals.delete(id);
  // It was told of the end, which is no failure.
  expect(await terminal.exited).toMatchObject({ signal: 'SIGKILL' });
  const wrong = connectEngine(engine.target.url, { token: 'wrong', retry: impatient() });
  expect(errorCode(await rejection(wrong.terminals.connect(id)))).toBe('UNAUTHORIZED');
  // Nobody listens at the one, and to the other no client goes (Fetch, bad ports).
  for (const port of [await freePort(), 9]) {
    const nobody = connectEngine(`http://127.0.0.1:${port}`, { retry: impatient({ tries: 2 }) });
    expect(errorCode(await rejection(nobody.terminals.connect(id)))).toBe('CONNECTION_FAILED');
  }
});

test('a token of any characters is shown as a subprotocol', async () => {
  const { socketProtocols, splitProtocols } = await import('../../sdk/protocol/socket-protocol.ts');
  for (const token of ['hft.abc-_.def', 'a b', 'k(e)y"/,;=', 'schlüssel', '%41', "it's"]) {
    const offered = socketProtocols(token);
    for (const one of offered) expect(one).toMatch(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/);
    expect(splitProtocols(offered.join(', '))).toEqual({ token, others: 'holdfast' });
  }
  expect(splitProtocols(null)).toEqual({ token: undefined, others: null });
  expect(splitProtocols('holdfast.bearer.%zz')).toEqual({ token: undefined, others: null });
});

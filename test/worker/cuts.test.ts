import { expect, test } from 'vitest';
import { type CommandEvent, decodeEvents, type ExecResult, type OutputPage } from '#protocol';
import { codeOf, newSandbox } from './harness/api.ts';
import { type Cut, cut } from './harness/cuts.ts';
import { info, sessions, type TestSandbox } from './harness/generations.ts';

const SSE = { accept: 'text/event-stream' };
const run = (sandbox: TestSandbox, body: object, headers = {}) =>
  sandbox.call('/sessions/default/exec', { body, headers });
const eventsOf = (answer: Response) => Array.fromAsync(decodeEvents(answer.body!));
const stdoutOf = (events: CommandEvent[]) =>
  events.map((event) => (event.type === 'stdout' && 'data' in event ? event.data : '')).join('');
const numbers = (to: number) => Array.from({ length: to }, (_, i) => `${i + 1}\n`).join('');

const PLACES = [0, 1, 20, 100, 191, 5_000, 5_001, 60_000, 3];

for (const cleanly of [false, true]) {
  test(`a stream that the engine breaks off ${cleanly ? 'cleanly' : 'hard'}, again and again, comes to the client whole`, async () => {
    const sandbox = newSandbox();
    await sandbox.exec('true');
    const cuts: Cut[] = PLACES.map((afterBytes) => ({ afterBytes, cleanly }));
    const tries = await cut(sandbox, /exec$|events$/, cuts);
    const events = await eventsOf(await run(sandbox, { command: 'seq 1 50000' }, SSE));
    expect(stdoutOf(events) === numbers(50_000)).toBe(true);
    expect(events.map(({ type }) => type).filter((type) => type !== 'stdout')).toEqual(['start', 'exit']);
    const seqs = events.flatMap((event) => ('seq' in event ? [event.seq] : []));
    expect(seqs.every((seq, i) => i === 0 || seq > seqs[i - 1]!)).toBe(true);
    expect(events.at(-1)).toMatchObject({ type: 'exit', stdoutBytes: numbers(50_000).length, lostBytes: 0 });
    expect(tries()).toBe(PLACES.length + 1);
  });
}

test("what follows a command's events from the middle is gone on with too", async () => {
  const sandbox = newSandbox();
  await sandbox.exec('seq 1 3; sleep 0.05; seq 4 2000', { id: 'a' });
  await cut(sandbox, /events$/, [{ afterBytes: 50 }, { afterBytes: 400 }]);
  const events = await eventsOf(await sandbox.call('/commands/a/events?after=1'));
  expect(events[0]).toMatchObject({ type: 'stdout' });
  expect(numbers(2_000).endsWith(stdoutOf(events))).toBe(true);
  expect(stdoutOf(events).startsWith('2\n3\n')).toBe(true);
});

test('a result that is broken off, in its blanks and in its middle, comes whole', async () => {
  const sandbox = newSandbox();
  await sandbox.exec('true');
  // Larger than what the Durable Object takes in one piece; the first ones are cut before any byte.
  const cuts = [0, 0, 1, 300_000, 299_999, 900_000].map((afterBytes) => ({ afterBytes }));
  const tries = await cut(sandbox, /exec$/, cuts);
  const command = 'echo run >&2; sleep 0.2; seq 1 200000';
  const result = await (await run(sandbox, { command })).json<ExecResult>();
  expect(result.stdout === numbers(200_000)).toBe(true);
  expect(result).toMatchObject({ stderr: 'run\n', exitCode: 0 });
  expect(tries()).toBe(cuts.length + 1);
});

for (const [what, cuts] of [
  ['never arrived', ['before', 'before']],
  ['got no answer', ['answer', 'answer', 'answer']],
  ['got half an answer', [{ afterBytes: 10 }, 'before', 'answer']],
] as [string, Cut[]][]) {
  test(`a command whose request ${what} runs once, whether it was given an id or not`, async () => {
    const sandbox = newSandbox();
    await sandbox.exec('n=0');
    for (const id of [undefined, 'given']) {
      const tries = await cut(sandbox, /exec$/, [...cuts]);
      const answer = await run(sandbox, { command: 'echo $((++n))', id });
      expect(answer.status).toBe(200);
      expect((await answer.json<ExecResult>()).stdout).toBe(id ? '2\n' : '1\n');
      expect(tries()).toBe(cuts.length + 1);
    }
    expect((await sandbox.exec('echo $n')).stdout).toBe('2\n');
    expect((await info(sandbox)).generation).toBe(1);
  });

  test(`a process, and a session, whose request ${what} is made once, and deleted once`, async () => {
    const sandbox = newSandbox();
    await sandbox.exec('true');
    for (const body of [{ command: 'sleep 600' }, { command: 'sleep 600', id: 'p' }]) {
      await cut(sandbox, /POST \/processes$/, [...cuts]);
      expect((await sandbox.call('/processes', { body })).status).toBe(201);
    }
    const { processes } = await (await sandbox.call('/processes')).json<{ processes: unknown[] }>();
    expect(processes.length).toBe(2);
    for (const body of [{}, { id: 's' }]) {
      await cut(sandbox, /POST \/sessions$/, [...cuts]);
      expect((await sandbox.call('/sessions', { body })).status).toBe(201);
    }
    expect((await sessions(sandbox)).length).toBe(3);
    expect(await codeOf(await sandbox.call('/sessions', { body: { id: 's' } }))).toBe('SESSION_EXISTS');
    await cut(
      sandbox,
      /DELETE/,
      cuts.filter((kind) => typeof kind === 'string'),
    );
    expect((await sandbox.call('/sessions/s', { method: 'DELETE' })).status).toBe(204);
    expect((await sessions(sandbox)).length).toBe(2);
  });
}

test('what must not be done twice is told to be unknown, and not sent again', async () => {
  const sandbox = newSandbox();
  await sandbox.call('/processes', { body: { command: 'cat', id: 'p', stdinOpen: true } });
  const tries = await cut(sandbox, /stdin$/, ['answer']);
  const text = { 'content-type': 'text/plain' };
  const write = await sandbox.call('/processes/p/stdin', { body: 'once\n', headers: text });
  expect(write.status).toBe(502);
  expect(await codeOf(write)).toBe('CONNECTION_FAILED');
  expect(tries()).toBe(1);
  await sandbox.call('/processes/p/stdin', { body: 'more\n', headers: text });
  const read = await sandbox.call('/processes/p/wait', { body: { for: 'output', text: 'more' } });
  await read.text();
  const page = await (await sandbox.call('/processes/p/output?since=0')).json<OutputPage>();
  expect(page.chunks.map(({ data }) => data).join('')).toBe('once\nmore\n');
});

test('a wait that is broken off waits on', async () => {
  const sandbox = newSandbox();
  await sandbox.call('/processes', { body: { command: 'cat', id: 'p', stdinOpen: true } });
  const tries = await cut(sandbox, /wait$/, ['answer', { afterBytes: 0 }]);
  const waiting = sandbox.call('/processes/p/wait', { body: { for: 'output', text: 'x' } });
  await sandbox.call('/processes/p/stdin', { body: 'x\n', headers: { 'content-type': 'text/plain' } });
  expect(await (await waiting).json()).toMatchObject({ met: true });
  expect(tries()).toBeGreaterThan(1);
});

test('an engine that breaks everything off is not asked for ever', async () => {
  const sandbox = newSandbox();
  await sandbox.exec('true');
  const tries = await cut(
    sandbox,
    /exec$|events$/,
    Array.from({ length: 100 }, () => ({ afterBytes: 0 })),
  );
  const answer = await run(sandbox, { command: 'true' }, SSE);
  await expect(answer.text()).rejects.toThrow();
  expect(tries()).toBeLessThan(30);
});

test('an id that exists is refused also where the refusal came at the second try', async () => {
  const sandbox = newSandbox();
  await sandbox.call('/sessions', { body: { id: 's' } });
  await cut(sandbox, /POST \/sessions$/, ['answer']);
  expect(await codeOf(await sandbox.call('/sessions', { body: { id: 's' } }))).toBe('SESSION_EXISTS');
});

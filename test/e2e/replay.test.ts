// A command's output can be read again and from anywhere; the same id never runs it twice.
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { type CommandEvent, type CommandInfo, decodeEvents } from '#protocol';
import { api, expectError, output, request, target } from './harness/api.ts';
import { bytesOf, collect, events, replay, stream } from './harness/events.ts';
import { test } from './harness/session.ts';
import { until } from './harness/until.ts';

const newId = () => `replay-${crypto.randomUUID()}`;

/** Both streams, partial lines, bytes that are no UTF-8, characters of several bytes; in many events. */
const VARIED = `
for i in {1..60}; do
  echo "line $i é€😀"; printf 'part %s ' $i; printf '\\377\\000\\n' >&2; echo "err $i" >&2
  (( i % 10 )) || sleep 0.02
done
printf 'no newline at the end'
`;

describe('a stream that was cut and resumed gives byte for byte the uncut one', () => {
  test('after any of its events', async ({ session }) => {
    const id = newId();
    const whole = await collect(await stream(session.id, { command: VARIED, id }));
    const all: CommandEvent[] = [];
    for await (const event of await replay(id)) all.push(event);
    const seqs = [0, ...all.flatMap((event) => ('seq' in event ? [event.seq] : []))];
    for (const seq of seqs) {
      const head = all.filter((event) => 'seq' in event && event.seq <= seq);
      const tail = await collect(await replay(id, seq));
      for (const name of ['stdout', 'stderr'] as const) {
        const before = head.filter(({ type }) => type === name).map(bytesOf);
        expect(Buffer.concat([...before, tail[name]])).toEqual(whole[name]);
      }
      expect(tail.end).toEqual(whole.end);
    }
  });

  test('in the middle of its bytes', async ({ session }) => {
    const id = newId();
    const whole = await collect(await stream(session.id, { command: VARIED, id }));
    const text = Buffer.from(await (await request('GET', `/commands/${id}/events`)).arrayBuffer());
    const cutAt = async (length: number) => {
      const head = await collect(decodeEvents(new Blob([text.subarray(0, length)]).stream()));
      const tail = await collect(await replay(id, head.lastSeq));
      expect(Buffer.concat([head.stdout, tail.stdout])).toEqual(whole.stdout);
      expect(Buffer.concat([head.stderr, tail.stderr])).toEqual(whole.stderr);
    };
    await fc.assert(fc.asyncProperty(fc.nat(text.length), cutAt), {
      numRuns: target.name === 'engine' ? 100 : 25,
    });
  });

  test('while it runs, again and again', async ({ session }) => {
    const id = newId();
    const body = { command: `for r in 1 2 3; do ${VARIED} done`, id, disconnectGraceMs: null };
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let seq = 0;
    let cuts = 0;
    for (let ended = false; !ended; cuts++) {
      const reader = cuts === 0 ? await stream(session.id, body) : await replay(id, seq);
      let events = 0;
      for await (const event of reader) {
        if (event.type === 'exit') ended = true;
        if ('seq' in event) {
          seq = event.seq;
          (event.type === 'stdout' ? stdout : stderr).push(bytesOf(event));
          if (++events === 5) break;
        }
      }
    }
    expect(cuts).toBeGreaterThan(3);
    expect(Buffer.concat(stdout)).toEqual(await output(id, 'stdout'));
    expect(Buffer.concat(stderr)).toEqual(await output(id, 'stderr'));
  });
});

test('Last-Event-ID says the same as after, and resuming after the last seq yields the last event', async ({
  session,
}) => {
  const id = newId();
  const { lastSeq, end } = await collect(await stream(session.id, { command: 'echo a; echo b >&2', id }));
  const headers = { 'last-event-id': String(lastSeq) };
  const rest = await collect(
    await events(await request('GET', `/commands/${id}/events`, undefined, { headers })),
  );
  expect(rest).toMatchObject({ lastSeq: 0, end });
  expect(await collect(await replay(id, lastSeq))).toMatchObject({ lastSeq: 0, end });
});

test('two readers of a running command see the same', async ({ session }) => {
  const id = newId();
  const first = await stream(session.id, { command: VARIED, id });
  const [one, two] = await Promise.all([collect(first), replay(id).then(collect)]);
  expect(two.stdout).toEqual(one.stdout);
  expect(two.stderr).toEqual(one.stderr);
  expect(two.end).toEqual(one.end);
  expect(one.stdout).toEqual(await output(id, 'stdout'));
});

describe('the same id twice', () => {
  test('runs once and gives the same result', async ({ session, folder }) => {
    const id = newId();
    const first = await session.exec('echo x >> ran; echo out; echo err >&2; (exit 3)', { id, cwd: folder });
    const second = await session.exec('echo x >> ran; echo out; echo err >&2; (exit 3)', { id, cwd: folder });
    expect(first).toMatchObject({ id, exitCode: 3, stdout: 'out\n', stderr: 'err\n' });
    expect(second).toEqual(first);
    expect((await session.exec('cat ran', { cwd: folder })).stdout).toBe('x\n');
  });

  test('runs once when sent twenty times at once, as JSON and as a stream', async ({ session, folder }) => {
    const id = newId();
    const body = { command: 'echo x >> ran; sleep 0.3; echo out', id, cwd: folder };
    const [results, streams] = await Promise.all([
      Promise.all(Array.from({ length: 10 }, () => session.exec(body.command, { id, cwd: folder }))),
      Promise.all(Array.from({ length: 10 }, () => stream(session.id, body).then(collect))),
    ]);
    for (const result of results) expect(result).toEqual(results[0]);
    for (const { stdout, end } of streams) {
      expect(stdout.toString()).toBe('out\n');
      expect(end).toMatchObject({ type: 'exit', exitCode: 0 });
    }
    expect((await session.exec('cat ran', { cwd: folder })).stdout).toBe('x\n');
  });

  test('is a conflict where anything of the request differs', async ({ session, other }) => {
    const id = newId();
    const body = { command: 'echo a', id, cwd: '/', env: { A: '1' }, stdin: 'in' };
    await api('POST', `/sessions/${session.id}/exec`, body);
    const different = [{ command: 'echo b' }, { cwd: '/usr' }, { env: { A: '2' } }, { stdin: 'other' }];
    for (const change of different) {
      const answer = await api('POST', `/sessions/${session.id}/exec`, { ...body, ...change });
      expectError(answer, 409, 'COMMAND_ID_CONFLICT');
    }
    const elsewhere = await api('POST', `/sessions/${other.id}/exec`, body);
    expectError(elsewhere, 409, 'COMMAND_ID_CONFLICT');
    expect((await api('POST', `/sessions/${session.id}/exec`, { ...body, timeoutMs: 1_000 })).status).toBe(
      200,
    );
  });
});

describe('the table of commands', () => {
  test('shows a command while it runs and when it ended', async ({ session }) => {
    const id = newId();
    const running = session.exec('echo a; sleep 0.3; exit 3', { id });
    const shown = await until(async () => {
      const { body } = await api<CommandInfo>('GET', `/commands/${id}`);
      return body.state === 'running' && body;
    });
    expect(shown).toMatchObject({
      id,
      sessionId: session.id,
      mode: 'foreground',
      exitCode: null,
      endedAt: null,
    });
    expect((await session.info()).runningCommand).toBe(id);
    await running;
    expect((await api('GET', `/commands/${id}`)).body).toMatchObject({
      state: 'exited',
      exitCode: 3,
      shellRestarted: true,
      stdoutBytes: 2,
      stderrBytes: 0,
    });
  });

  test('lists the newest first', async ({ session }) => {
    const ids = [newId(), newId(), newId()];
    for (const id of ids) await session.exec('true', { id });
    const { commands } = (await api<{ commands: CommandInfo[] }>('GET', '/commands')).body;
    const ours = commands.map(({ id }) => id).filter((id) => ids.includes(id));
    expect(ours).toEqual(ids.toReversed());
  });
});

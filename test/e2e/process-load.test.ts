// Many processes, and much of their output: exact in every run, true in the table, none refused too early.
import { describe, expect } from 'vitest';
import { type ProcessInfo, ProcessList } from '#protocol';
import { api, expectError, target } from './harness/api.ts';
import { startProcess, type TestProcess } from './harness/process.ts';
import { createSession, type TestSession, test } from './harness/session.ts';

/** Each run goes through wrangler in the others; the engine alone is where a race would show. */
const RUNS = { engine: 50, embedded: 20, docker: 8 }[target.name];

const NUMBERS = Buffer.from(Array.from({ length: 200_000 }, (_, i) => `${i + 1}\n`).join(''));
const LINE = Buffer.alloc(1_000_000, 'x');
const ALL_BYTES = Buffer.from(Array.from({ length: 65_536 }, (_, i) => (i * 7 + (i >> 8)) % 256));

interface Kind {
  command: string;
  stdout: Buffer;
  stderr: Buffer;
  env?: Record<string, string>;
}

const KINDS: Record<string, Kind> = {
  'seq 1 200000': { command: 'seq 1 200000', stdout: NUMBERS, stderr: Buffer.alloc(0) },
  'a line of 1 MB': {
    command: `head -c 1000000 /dev/zero | tr '\\0' x >&2`,
    stdout: Buffer.alloc(0),
    stderr: LINE,
  },
  'arbitrary bytes on both streams': {
    command: 'base64 -d <<<"$bytes" | tee /dev/stderr',
    env: { bytes: ALL_BYTES.toString('base64') },
    stdout: ALL_BYTES,
    stderr: ALL_BYTES,
  },
};

const start = (session: TestSession, { command, env }: Kind) => startProcess(session, command, { env });

/** By equality, not by `toEqual`: that walks a million bytes one by one. */
async function complete(process: TestProcess, { stdout, stderr }: Kind): Promise<string> {
  const read = await process.read();
  const same =
    read.stdout.equals(stdout) && read.stderr.equals(stderr) && read.exitCode === 0 && read.lostBytes === 0;
  return same ? 'complete' : `${read.stdout.length} and ${read.stderr.length} bytes, exit ${read.exitCode}`;
}

describe(`in each of ${RUNS} runs`, () => {
  for (const [name, kind] of Object.entries(KINDS)) {
    test(`${name} is complete`, { timeout: 120_000 }, async ({ session }) => {
      for (let run = 0; run < RUNS; run++)
        expect(await complete(await start(session, kind), kind), `run ${run}`).toBe('complete');
    });
  }
});

test('10 processes in each of 24 sessions, started at once, are complete', { timeout: 120_000 }, async () => {
  const sessions = await Promise.all(Array.from({ length: 24 }, () => createSession()));
  const kinds = Object.values(KINDS);
  const all = await Promise.all(
    sessions.flatMap((session) =>
      Array.from({ length: 10 }, async (_, i) => {
        const kind = kinds[i % kinds.length]!;
        return complete(await start(session, kind), kind);
      }),
    ),
  );
  expect(all.filter((one) => one !== 'complete')).toEqual([]);
  expect(all).toHaveLength(240);
  await Promise.all(sessions.map((session) => session.delete()));
});

test('of 100 processes at once, each is told with its own state and exit', { timeout: 60_000 }, async ({
  session,
  other,
}) => {
  const processes = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      startProcess(i % 2 ? session : other, `trap 'echo "got $i"' USR1; echo $i; read -r x; exit $i`, {
        stdinOpen: true,
        env: { i: String(i) },
      }),
    ),
  );
  await Promise.all(processes.map((process, i) => process.readUntil(`${i}\n`)));
  expect(
    (await Promise.all(processes.map((one) => one.info()))).every(({ state }) => state === 'running'),
  ).toBe(true);
  await Promise.all(
    processes.map(async (process, i) => {
      if (i % 4 === 0) await process.closeStdin();
      else if (i % 4 === 1) await process.signal('KILL');
      else if (i % 4 === 2) await process.signal('TERM');
      else await process.write('line\n');
    }),
  );
  const ended = await Promise.all(processes.map((process) => process.end()));
  expect(ended.map(({ state, exitCode }) => [state, exitCode])).toEqual(
    processes.map((_, i) => ['settled', i % 4 === 1 ? 137 : i % 4 === 2 ? 143 : i]),
  );
});

test('256 processes run, one more is refused, and one that ended makes room', { timeout: 60_000 }, async ({
  session,
}) => {
  const body = { command: 'sleep 600', session: session.id };
  const answers = await Promise.all(
    Array.from({ length: 260 }, () => api<ProcessInfo>('POST', '/processes', body)),
  );
  const started = answers.filter(({ status }) => status === 201);
  const refused = answers.filter(({ status }) => status !== 201);
  expect(refused.length).toBeGreaterThan(0);
  for (const answer of refused) expectError(answer, 429, 'TOO_MANY_PROCESSES');
  const { processes } = ProcessList.parse((await api('GET', '/processes')).body);
  expect(processes.filter(({ state }) => state === 'running')).toHaveLength(256);

  const id = `room-${crypto.randomUUID()}`;
  expectError(await api('POST', '/processes', { ...body, id }), 429, 'TOO_MANY_PROCESSES');
  expect((await session.exec('echo the session goes on')).exitCode).toBe(0);
  await api('POST', `/processes/${started[0]!.body.id}/terminate`);
  expect((await api('POST', '/processes', { ...body, id })).status).toBe(201);
  // It is there already, so it needs no room.
  expect((await api('POST', '/processes', { ...body, id })).status).toBe(201);
});

// Nothing is lost when there is much of it, or when many write at once.
import { describe, expect } from 'vitest';
import { api, output, target } from './harness/api.ts';
import { createSession, resultBytes, type TestSession, test } from './harness/session.ts';

const COMMAND = 'seq 1 200000';
const EXPECTED = Buffer.from(Array.from({ length: 200_000 }, (_, i) => `${i + 1}\n`).join(''));
/** Each run goes through wrangler twice in the others; the engine alone is where a race would show. */
const RUNS = { engine: 50, embedded: 50, docker: 15 }[target.name];
const AT_ONCE = 30;

const WAYS: Record<string, (session: TestSession) => Promise<Buffer>> = {
  JSON: async (session) => resultBytes(await session.exec(COMMAND), 'stdout'),
  stream: async (session) => (await session.stream(COMMAND)).stdout,
  raw: async (session) => output((await session.exec(COMMAND)).id, 'stdout'),
};

/** By equality, not by `toEqual`: that walks a million bytes one by one. */
const complete = (bytes: Buffer) =>
  bytes.equals(EXPECTED) ? 'complete' : `${bytes.length} bytes, not complete`;

describe(`${COMMAND} is complete in each of ${RUNS} runs`, () => {
  for (const [way, run] of Object.entries(WAYS)) {
    test(`by ${way}`, { timeout: 120_000 }, async ({ session }) => {
      for (let i = 0; i < RUNS; i++) expect(complete(await run(session)), `run ${i}`).toBe('complete');
    });
  }
});

for (const [way, run] of Object.entries(WAYS)) {
  test(`${COMMAND} is complete in each of ${AT_ONCE} sessions at once, by ${way}`, {
    timeout: 120_000,
  }, async () => {
    const sessions = await Promise.all(Array.from({ length: AT_ONCE }, () => createSession()));
    const all = await Promise.all(sessions.map(run));
    expect(all.map(complete)).toEqual(Array(AT_ONCE).fill('complete'));
    await Promise.all(sessions.map((session) => session.delete()));
  });
}

test('a line of 10 MB comes through whole by stream and raw, and by JSON as its head and tail', {
  timeout: 60_000,
}, async ({ session }) => {
  const command = "printf 'begin '; head -c 10000000 /dev/zero | tr '\\0' x; printf ' end'";
  const line = Buffer.from(`begin ${'x'.repeat(10_000_000)} end`);
  const streamed = await session.stream(command);
  expect(streamed.stdout.equals(line)).toBe(true);
  expect((await output(streamed.start!.commandId, 'stdout')).equals(line)).toBe(true);

  const result = await session.exec(command);
  expect(result).toMatchObject({ exitCode: 0, truncated: true, stdoutBytes: line.length, stderr: '' });
  expect(result.stdout.length).toBeLessThan(8 * 1024 * 1024 + 1_000);
  expect(result.stdout.length).toBeGreaterThan(8 * 1024 * 1024 - 1_000);
  expect(result.stdout.slice(0, 1_000)).toBe(line.subarray(0, 1_000).toString());
  expect(result.stdout.slice(-1_000)).toBe(line.subarray(-1_000).toString());
  expect(result.stdout).toContain(`/commands/${result.id}/output/stdout`);
});

test('a truncated text is cut between characters', { timeout: 60_000 }, async ({ session }) => {
  const result = await session.exec("head -c 3000000 /dev/zero | sed 's/\\x00/€/g'");
  expect(result).toMatchObject({ truncated: true, stdoutBytes: 9_000_000 });
  expect(result.stdout).not.toContain('\ufffd');
  expect(result).not.toHaveProperty('stdoutBase64');
});

test('both streams at full speed are apart and complete', { timeout: 60_000 }, async ({ session }) => {
  const { stdout, stderr } = await session.stream(`${COMMAND} & ${COMMAND} >&2 & wait`);
  expect(complete(stdout)).toBe('complete');
  expect(complete(stderr)).toBe('complete');
});

test('a command that prints without end is stopped at the limit of its log', { timeout: 120_000 }, async ({
  session,
}) => {
  await session.exec('kept=1');
  const result = await session.exec('yes');
  expect(result).toMatchObject({ exitCode: 137, outputLimited: true, truncated: true });
  expect((await session.exec('echo $kept')).stdout).toBe('1\n');
});

describe('raw output by Range', () => {
  test('gives the bytes asked for', async ({ session }) => {
    const { id } = await session.exec(`${COMMAND}; echo err >&2`);
    const path = `/commands/${id}/output/stdout`;
    for (const [range, from, to] of [
      ['bytes=0-9', 0, 10],
      ['bytes=500000-500099', 500_000, 500_100],
      ['bytes=1288000-', 1_288_000, undefined],
      ['bytes=-10', -10, undefined],
      ['bytes=1288890-9999999', 1_288_890, undefined],
    ] as const) {
      expect((await output(id, 'stdout', range)).toString()).toBe(EXPECTED.subarray(from, to).toString());
    }
    const { headers } = await api('GET', path, undefined, { headers: { range: 'bytes=0-9' } });
    expect(headers.get('content-range')).toBe(`bytes 0-9/${EXPECTED.length}`);
    expect((await output(id, 'stderr')).toString()).toBe('err\n');
  });

  test('past the end is a 416 with the size', async ({ session }) => {
    const { id } = await session.exec('echo abc');
    const answer = await api('GET', `/commands/${id}/output/stdout`, undefined, {
      headers: { range: 'bytes=4-' },
    });
    expect(answer).toMatchObject({ status: 416, body: { error: { code: 'RANGE_NOT_SATISFIABLE' } } });
    expect(answer.headers.get('content-range')).toBe('bytes */4');
  });
});

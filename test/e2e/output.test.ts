// What comes out is byte for byte what `bash -c` writes, by JSON, by stream and by raw download.
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { output, target } from './harness/api.ts';
import { bash, withoutPlaces } from './harness/bash.ts';
import { resultBytes, type TestSession, test } from './harness/session.ts';

/** Runs a command twice, once for JSON and once for the stream, and downloads both. */
async function everyWay(session: TestSession, command: string) {
  const result = await session.exec(command);
  const streamed = await session.stream(command);
  const id = streamed.start!.commandId;
  return [
    { way: 'JSON', stdout: resultBytes(result, 'stdout'), stderr: resultBytes(result, 'stderr') },
    { way: 'stream', stdout: streamed.stdout, stderr: streamed.stderr },
    { way: 'raw', stdout: await output(id, 'stdout'), stderr: await output(id, 'stderr') },
    {
      way: 'raw after JSON',
      stdout: await output(result.id, 'stdout'),
      stderr: await output(result.id, 'stderr'),
    },
  ];
}

describe('equal to bash -c by JSON, stream and raw:', () => {
  const commands: [string, string][] = [
    ['lines on both', 'echo a; echo b >&2; echo c; echo d >&2'],
    ['opening /dev/stderr and /dev/stdout', 'echo a; echo b > /dev/stderr; echo c > /dev/stdout'],
    ['tee /dev/stderr', 'echo a; printf "b\\nc" | tee /dev/stderr; echo d'],
    ['tee -a /dev/stderr', 'echo 1 >&2; echo a | tee -a /dev/stderr; echo 2 >&2'],
    ['appending to /dev/stdout', 'echo a; echo b >> /dev/stdout; echo c; echo d >> /dev/stdout'],
    ['/proc/self/fd', 'echo a > /proc/self/fd/1; echo b > /proc/self/fd/2; echo c'],
    ['output under ulimit -f', '(ulimit -f 1; seq 1 20000; echo end >&2)'],
    ['no final newline', 'printf a; printf b >&2'],
    ['nothing', ':'],
    ['only newlines', 'printf "\\n\\n\\n"; printf "\\n" >&2'],
    ['NUL', "printf 'a\\0b\\n\\0'; printf '\\0' >&2"],
    ['invalid UTF-8', "printf 'a\\377\\376\\n\\303'; printf '\\200\\n' >&2"],
    ['a character in two writes', "printf '\\303'; sleep 0.05; printf '\\251\\n'"],
    [
      'a character of four bytes in four writes',
      'for b in 360 237 230 200; do printf "\\\\$b"; sleep 0.02; done',
    ],
    ['a character cut by the other stream', "printf '\\303'; echo x >&2; printf '\\251'"],
    ['CRLF and lone CR', "printf 'a\\r\\nb\\rc\\n'"],
    [
      "lines that start with the log's own prefixes",
      "printf '\\1\\1\\1a\\n\\2\\2\\2b\\n\\1\\1\\0c\\n\\2\\2\\0'",
    ],
    ["the log's prefixes on stderr", "printf '\\1\\1\\1a\\n\\2\\2\\2b\\n\\1\\1\\0c\\n\\2\\2\\0' >&2"],
    ['lines like server-sent events', 'printf "data: x\\n\\nevent: exit\\nid: 5\\n\\n: c\\n"'],
    ['escape sequences', "printf '\\033[31mred\\033[0m\\a\\b'"],
    ['a byte order mark', "printf '\\357\\273\\277a'; printf '\\357\\273\\277b' >&2"],
    ['U+2028 and quotes', `printf '\\342\\200\\250"\\\\\\n'`],
    ['a child that outlives a pipe', 'yes | head -n 3'],
    ['a child in the background that is waited for', '(sleep 0.05; echo late) & echo early; wait'],
    ['xargs, in many processes', 'seq 1 200 | xargs -n 1 echo'],
    ['a here-string and a process substitution', 'cat <<< here; cat <(echo there)'],
    ['a moved stderr', '{ echo a; echo b >&2; } 2>&1'],
    ['swapped streams', '{ echo a; echo b >&2; } 3>&1 1>&2 2>&3'],
    ['every byte', `for ((i = 0; i < 256; i++)); do printf "\\\\$(printf %o $i)"; done`],
  ];
  for (const [name, command] of commands) {
    test(name, async ({ session }) => {
      const expected = await bash(command);
      for (const { way, stdout, stderr } of await everyWay(session, command)) {
        expect(stdout.toString('latin1'), `stdout by ${way}`).toBe(expected.stdout.toString('latin1'));
        expect(stderr.toString('latin1'), `stderr by ${way}`).toBe(expected.stderr.toString('latin1'));
      }
    });
  }
});

describe("bash's own messages are what bash -c writes, but for the place that they name:", () => {
  const commands = [
    'no-such-command; echo a',
    'cd /no/such/folder',
    'echo $((1/0))',
    'x=1; readonly x; x=2',
    'echo a\n\n\nno-such-command',
    '. /no/such/file',
  ];
  for (const command of commands) {
    test(command, async ({ session }) => {
      const expected = await bash(command);
      const { stderr } = await session.exec(command);
      expect(withoutPlaces(Buffer.from(stderr))).toBe(withoutPlaces(expected.stderr));
    });
  }
});

/** Arbitrary bytes, of the kinds that break a framing: prefixes, newlines, halves of characters. */
const awkward = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));
const tokens = [
  '\n',
  '\r\n',
  '\0',
  '\x01\x01\x01',
  '\x02\x02\x02',
  '\x01\x01\x00',
  '\x02\x02\x00',
  'é',
  '😀',
  'a',
];
const framed = fc
  .array(fc.constantFrom(...tokens), { maxLength: 12 })
  .map((parts) => Buffer.from(parts.join('')));
const piece = fc.record({
  to: fc.constantFrom('stdout' as const, 'stderr' as const),
  bytes: fc.oneof(awkward, framed),
  how: fc.constantFrom('printf' as const, 'base64' as const, 'slowly' as const),
});
type Piece = typeof piece extends fc.Arbitrary<infer P> ? P : never;

function write({ to, bytes, how }: Piece): string {
  const target = to === 'stderr' ? ' >&2' : '';
  if (how === 'base64') return `base64 -d <<< '${bytes.toString('base64')}'${target}`;
  const octal = (part: Buffer) =>
    `printf '${[...part].map((b) => `\\${b.toString(8).padStart(3, '0')}`).join('')}'`;
  if (how === 'printf') return `${octal(bytes)}${target}`;
  const middle = Math.floor(bytes.length / 2);
  return `{ ${octal(bytes.subarray(0, middle))}; sleep 0.005; ${octal(bytes.subarray(middle))}; }${target}`;
}

test('arbitrary bytes on both streams come out exactly, in pieces of any kind', { timeout: 120_000 }, async ({
  session,
}) => {
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
      const written = (name: Piece['to']) =>
        Buffer.concat(pieces.filter(({ to }) => to === name).map(({ bytes }) => bytes)).toString('latin1');
      for (const { way, stdout, stderr } of await everyWay(session, pieces.map(write).join('\n'))) {
        expect(stdout.toString('latin1'), way).toBe(written('stdout'));
        expect(stderr.toString('latin1'), way).toBe(written('stderr'));
      }
    }),
    { numRuns: target.name === 'engine' ? 100 : 25 },
  );
});

test('text is text, and only bytes that are no UTF-8 come as base64 as well', async ({ session }) => {
  const text = await session.exec('echo é; echo b >&2');
  expect(text).toMatchObject({
    stdout: 'é\n',
    stderr: 'b\n',
    stdoutBytes: 3,
    stderrBytes: 2,
    truncated: false,
  });
  expect(text).not.toHaveProperty('stdoutBase64');
  const bytes = await session.exec("printf 'a\\377'; echo b >&2");
  expect(bytes).toMatchObject({ stdout: 'a\ufffd', stdoutBase64: 'Yf8=', stderr: 'b\n' });
  expect(bytes).not.toHaveProperty('stderrBase64');
});

test('late output of a child in the background is not in the next result, but in its own output', async ({
  session,
  folder,
}) => {
  const first = await session.exec(
    '(until [ -e go ]; do sleep 0.02; done; echo late; touch said) & echo early',
    {
      cwd: folder,
    },
  );
  expect(first.stdout).toBe('early\n');
  const second = await session.exec('touch go; until [ -e said ]; do sleep 0.02; done; echo second', {
    cwd: folder,
  });
  expect(second).toMatchObject({ stdout: 'second\n', stderr: '' });
  await expect.poll(async () => (await output(first.id, 'stdout')).toString()).toBe('early\nlate\n');
});

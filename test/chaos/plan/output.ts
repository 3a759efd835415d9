// Plans of output: binary, long lines, tiny lines, characters cut in two, bursts on both streams, slow ones. Pure.
import type { Random } from '../random.ts';
import { type Plan, printing, quote } from './plan.ts';

const octal = (bytes: Buffer) => [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
const numbers = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => `${from + at}\n`).join('');

type Make = (random: Random) => Plan;

const tinyLines: Make = (random) => {
  const count = random.int(1, 300);
  const word = random.word(2);
  const text = `for ((i = 0; i < ${count}; i++)); do echo ${word}$i; done`;
  return printing('tiny lines', text, Array.from({ length: count }, (_, at) => `${word}${at}\n`).join(''));
};

const manyLines: Make = (random) => {
  const from = random.int(1, 10_000);
  const to = from + random.int(0, 20_000);
  return printing('many lines', `seq ${from} ${to}`, numbers(from, to));
};

const longLine: Make = (random) => {
  const length = random.weighted([
    [4, random.int(1, 5_000)],
    [2, random.int(60_000, 70_000)],
    [1, random.int(200_000, 1_500_000)],
  ]);
  const newline = random.chance(0.5);
  const text = `head -c ${length} /dev/zero | tr '\\0' x${newline ? '; echo' : ''}`;
  return printing('long line', text, 'x'.repeat(length) + (newline ? '\n' : ''));
};

const binary: Make = (random) => {
  const bytes = random.bytes(random.int(1, 200));
  const times = random.int(1, 30);
  const text = `for ((i = 0; i < ${times}; i++)); do printf '${octal(bytes)}'; done`;
  return printing('binary', text, Buffer.concat(Array.from({ length: times }, () => bytes)));
};

const cutCharacters: Make = (random) => {
  const characters = Array.from({ length: random.int(1, 6) }, () => random.pick(['é', '€', '𝄞', '字', '🙂']));
  const parts = characters.flatMap((character) => {
    const bytes = Buffer.from(character);
    const cut = random.int(1, bytes.length - 1);
    return [
      `printf '${octal(bytes.subarray(0, cut))}'`,
      `sleep 0.00${random.int(1, 9)}`,
      `printf '${octal(bytes.subarray(cut))}'`,
    ];
  });
  return printing('cut characters', parts.join('; '), characters.join(''));
};

const bothStreams: Make = (random) => {
  const count = random.int(1, 200);
  const [out, err] = [random.word(), random.word()];
  const text = `for ((i = 0; i < ${count}; i++)); do echo ${out} $i; echo ${err} $i >&2; done`;
  const lines = (word: string) => Array.from({ length: count }, (_, at) => `${word} ${at}\n`).join('');
  return printing('both streams', text, lines(out), { stderr: lines(err) });
};

const burst: Make = (random) => {
  const line = random.word(random.int(10, 120));
  const [out, err] = [random.int(1_000, 12_000), random.int(0, 8_000)];
  const text = `{ yes ${line} | head -n ${out}; } & seq 1 ${err} >&2; wait $!`;
  return printing('burst', text, `${line}\n`.repeat(out), { stderr: numbers(1, err) });
};

const slowLines: Make = (random) => {
  const count = random.int(2, 12);
  const delay = (random.int(1, 60) / 1000).toFixed(3);
  const word = random.word();
  const text = `for ((i = 0; i < ${count}; i++)); do echo ${word} $i; echo $i >&2; sleep ${delay}; done`;
  const out = Array.from({ length: count }, (_, at) => `${word} ${at}\n`).join('');
  return printing('slow lines', text, out, { stderr: numbers(0, count - 1) });
};

const status: Make = (random) => {
  const exitCode = random.int(0, 255);
  const word = random.word();
  return printing('status', `echo ${word}; (exit ${exitCode})`, `${word}\n`, { exitCode });
};

const heredoc: Make = (random) => {
  const body = Array.from(
    { length: random.int(1, 20) },
    () => `${random.word()} "$x" \`${random.word()}\` \\`,
  ).join('\n');
  return printing('heredoc', `cat <<'END'\n${body}\nEND`, `${body}\n`);
};

const unclosed: Make = (random) => {
  const word = random.word();
  const plan = printing('unclosed quote', `echo ${word}\necho 'never closed ${random.word()}`, `${word}\n`, {
    exitCode: 2,
  });
  return { ...plan, expect: (state) => ({ ...plan.expect(state), stderr: undefined }) };
};

const givenInput: Make = (random) => {
  const stdin = random.bytes(
    random.weighted([
      [3, random.int(0, 300)],
      [1, random.int(5_000, 40_000)],
    ]),
  );
  if (random.chance(0.3)) return printing('input counted', 'wc -c', `${stdin.length}\n`, { stdin });
  return printing('input echoed', 'cat', stdin, { stdin });
};

const quoted: Make = (random) => {
  const texts = Array.from({ length: random.int(1, 5) }, () => nasty(random));
  return printing(
    'quoted words',
    `printf '<%s>\\n' ${texts.map(quote).join(' ')}`,
    texts.map((text) => `<${text}>\n`).join(''),
  );
};

const leftChild: Make = (random) => {
  const word = random.word();
  return printing('left child', `sleep 0.${random.int(1, 4)} & echo ${word}`, `${word}\n`);
};

/** Text that quoting must get right. */
export function nasty(random: Random): string {
  const parts = [
    'a',
    'b c',
    "'",
    '"',
    '$x',
    '\\',
    '`',
    '*',
    '~',
    '!',
    'é€𝄞',
    '\t',
    '\n',
    '%s',
    '#',
    ';',
    '&',
    '[x]',
  ];
  return Array.from({ length: random.int(1, 8) }, () => random.pick(parts)).join('');
}

export const OUTPUT_PLANS: readonly (readonly [number, Make])[] = [
  [4, tinyLines],
  [3, manyLines],
  [2, longLine],
  [3, binary],
  [2, cutCharacters],
  [3, bothStreams],
  [1, burst],
  [2, slowLines],
  [4, status],
  [2, heredoc],
  [1, unclosed],
  [3, givenInput],
  [3, quoted],
  [1, leftChild],
];

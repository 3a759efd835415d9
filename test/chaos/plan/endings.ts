// Plans that do not simply run to their end: they end their shell, wait for a timeout, an interrupt, a signal, or talk
// with the client. What they print before is exact. Pure.
import { NAMES } from '../model/state.ts';
import type { Random } from '../random.ts';
import { type Ending, type Plan, printing, quote, stateful } from './plan.ts';

type Make = (random: Random) => Plan;

/** Longer than any round: only what ends the command can end it. */
const FOREVER = 'sleep 600';

function said(random: Random): { text: string; stdout: string; stderr: string } {
  const count = random.int(0, 50);
  const word = random.word();
  const lines = Array.from({ length: count }, (_, at) => `${word} ${at}\n`).join('');
  return {
    text: `for ((i = 0; i < ${count}; i++)); do echo ${word} $i; echo ${word} $i >&2; done; echo ready`,
    stdout: `${lines}ready\n`,
    stderr: lines,
  };
}

/** `alone`: it becomes the one process that waits. Of a shell and its child, either may die first. */
function waiting(kind: string, ending: Ending, exitCode: number, alone = false): Make {
  return (random) => {
    const { text, stdout, stderr } = said(random);
    const loop = random.chance(0.3) ? 'while sleep 0.05; do :; done' : FOREVER;
    return {
      ...printing(kind, `${text}; ${alone ? `exec ${FOREVER}` : loop}`, stdout, { stderr, exitCode }),
      ending,
      independent: false,
    };
  };
}

const exitsShell: Make = (random) => {
  const exitCode = random.int(0, 255);
  const name = random.pick(NAMES.scalars);
  const value = random.word();
  const plan = stateful('exit', `${name}=${value}; echo leaving; exit ${exitCode}`, (state) => {
    const exported = state.scalars[name]?.exported ?? false;
    return {
      stdout: 'leaving\n',
      next: { ...state, scalars: { ...state.scalars, [name]: { value, exported } } },
    };
  });
  return { ...plan, ending: 'shell', expect: (state) => ({ ...plan.expect(state), exitCode }) };
};

const killsShell: Make = (random) => {
  const word = random.word();
  const plan = printing('kill own shell', `echo ${word}; kill -9 $$`, `${word}\n`, { exitCode: 137 });
  return { ...plan, ending: 'shell', independent: false, losesState: true };
};

const timesOut: Make = (random) => ({
  ...waiting('timeout', 'timeout', 124)(random),
  timeoutMs: random.int(100, 500),
});

/** Answers each numbered line once, however often it is written. */
const talks: Make = (random) => {
  const words = Array.from({ length: random.int(2, 6) }, () => random.word());
  const lines = words.map((word, at) => `${at} ${word}\n`);
  const answer = (at: number) => `got ${words[at]}\n`;
  const text = `(
n=0
echo ready
while ((n < ${words.length})) && read -r i word; do
  if [[ $i == "$n" ]]; then n=$((n + 1)); echo "got $word"; fi
done
)`;
  const plan = printing('conversation', text, `ready\n${words.map((_, at) => answer(at)).join('')}`);
  return { ...plan, conversation: { lines, answer } };
};

const repl: Make = (random) => {
  const sums = Array.from(
    { length: random.int(2, 4) },
    (_, at) => [at, random.int(1, 999), random.int(1, 999)] as const,
  );
  const answer = (at: number) => `${at}: ${sums[at]![1] * sums[at]![2]}\n`;
  const lines = sums.map(
    ([at, a, b]) => `done.add(${at}) or print(f"${at}: {${a} * ${b}}") if ${at} not in done else None\n`,
  );
  const begin = quote('done = set(); print("ready", flush=True)');
  // Unbuffered, and told by name to be interactive: its stdin is no terminal.
  const text = `python3 -u -i -q -c ${begin}`;
  const plan = printing('REPL', text, `ready\n${sums.map(([at]) => answer(at)).join('')}`);
  return {
    ...plan,
    conversation: { lines, answer },
    // Its prompts, and how often: once for each line that reached it.
    expect: (state) => ({ ...plan.expect(state), stderr: undefined }),
  };
};

const trapsSignal: Make = (random) => {
  const exitCode = random.int(1, 99);
  const text = `trap 'echo caught; exit ${exitCode}' USR1; echo ready; while :; do sleep 0.05; done`;
  const plan = printing('signal', text, 'ready\ncaught\n', { exitCode });
  // The child that sleeps is hit as well, and bash says so.
  return { ...plan, ending: 'signal', expect: (state) => ({ ...plan.expect(state), stderr: undefined }) };
};

export const ENDING_PLANS: readonly (readonly [number, Make])[] = [
  [3, exitsShell],
  [1, killsShell],
  [2, timesOut],
  [3, waiting('interrupt', 'interrupt', 130)],
  [1, waiting('abandon', 'abandon', 130)],
  [2, talks],
];

export const PROCESS_ENDING_PLANS: readonly (readonly [number, Make])[] = [
  [2, timesOut],
  [3, waiting('terminate', 'terminate', 143, true)],
  [2, trapsSignal],
  [4, talks],
  [1, repl],
];

// Whether a command came out as planned, or as a fault that hit it allows; and what its session may be now. Pure.
import { distinct } from '../model/session-model.ts';
import type { State } from '../model/state.ts';
import type { Expected, Plan } from '../plan/plan.ts';
import type { CommandRecord, Excuse, Outcome } from '../record.ts';
import { firstDifference } from '../report.ts';

type Result = Extract<Outcome, { type: 'result' }>;

export interface Verdict {
  /** As planned; taken by a fault; or undefined, which is a violation. */
  how: 'planned' | 'excused' | undefined;
  /** What the session may be now. */
  next: State[];
  /** How often its side effect must be found. */
  effects: { least: number; most: number };
  /** For a violation: where it parts from the plan. */
  difference?: string;
}

const ERRORS_OF: Record<Excuse, readonly string[]> = {
  shell: ['COMMAND_LOST'],
  process: [],
  container: ['COMMAND_LOST', 'COMMAND_EXPIRED'],
  disk: ['INTERNAL', 'COMMAND_LOST', 'DISK_FULL', 'STORAGE_FULL'],
  deleted: ['COMMAND_LOST', 'SESSION_NOT_FOUND'],
};

/** @param states What the session may have been when the command ran. */
export function judge(record: CommandRecord, outcome: Outcome, states: readonly State[]): Verdict {
  const { plan, excuses } = record;
  const cases = states.map((state) => plan.expect(state));
  const said = outcome.type === 'result' && outcome.stdout.length > 0;
  if (outcome.type === 'result') {
    const fitting = cases.filter((expected) => isPlanned(plan, outcome, expected));
    if (fitting.length > 0) {
      // Killed after it ended, its session can be anything that it was before.
      const before = excuses.has('shell') || excuses.has('container') ? states : [];
      const next = plan.losesState
        ? [...states]
        : distinct([...fitting.map((expected) => expected.next), ...before]);
      const early = plan.ending === 'timeout' && !said;
      return { how: 'planned', next, effects: { least: early ? 0 : 1, most: 1 } };
    }
  }
  const excused = [...excuses].some((excuse) => allows(excuse, outcome, cases));
  // A container can take with it a command that had ended and was not told of.
  const after = excuses.has('container') || excuses.has('disk') ? cases.map(({ next }) => next) : [];
  const next = distinct([...states, ...after]);
  return {
    how: excused ? 'excused' : undefined,
    next,
    effects: { least: said ? 1 : 0, most: 1 },
    ...(!excused && {
      difference: `${cases.length} states possible; ${difference(outcome, nearest(outcome, cases))}`,
    }),
  };
}

function isPlanned(plan: Plan, outcome: Result, expected: Expected): boolean {
  const { exitCode, timedOut, interrupted, outputLimited, lostBytes, shellRestarted } = outcome;
  const { ending } = plan;
  if (exitCode !== expected.exitCode || outputLimited || lostBytes !== 0) return false;
  if (timedOut !== (ending === 'timeout')) return false;
  if (interrupted !== (ending === 'interrupt' || ending === 'abandon')) return false;
  if (ending === 'shell' && shellRestarted === false) return false;
  // A timeout can strike before all was said.
  return ending === 'timeout' ? saidSome(outcome, expected) : saidAll(outcome, expected);
}

function saidAll(outcome: Result, { stdout, stderr }: Expected): boolean {
  return outcome.stdout.equals(stdout) && (stderr === undefined || outcome.stderr.equals(stderr));
}

function saidSome(outcome: Result, { stdout, stderr }: Expected): boolean {
  return isStart(outcome.stdout, stdout) && (stderr === undefined || isStart(outcome.stderr, stderr));
}

function isStart(part: Buffer, whole: Buffer): boolean {
  return part.length <= whole.length && part.equals(whole.subarray(0, part.length));
}

function allows(excuse: Excuse, outcome: Outcome, cases: Expected[]): boolean {
  if (outcome.type === 'error') return ERRORS_OF[excuse].includes(outcome.code);
  if (!cases.some((expected) => saidSome(outcome, expected))) return false;
  switch (excuse) {
    case 'shell':
    case 'process':
      return outcome.exitCode === 137;
    case 'disk':
      // What its log could not take ended it; the table of processes does not say that this was why.
      return outcome.exitCode === 137;
    case 'deleted':
      return true;
    case 'container':
      // What went with its container has no exit code that anybody could know.
      return false;
  }
}

/** Of what could have been printed, what was printed the longest part of. */
function nearest(outcome: Outcome, cases: Expected[]): Expected {
  if (outcome.type === 'error') return cases[0]!;
  const common = ({ stdout }: Expected) => {
    let at = 0;
    while (at < stdout.length && stdout[at] === outcome.stdout[at]) at += 1;
    return at;
  };
  return cases.toSorted((a, b) => common(b) - common(a))[0]!;
}

function difference(outcome: Outcome, expected: Expected): string {
  if (outcome.type === 'error') return `${outcome.code}: ${outcome.message}`;
  const { stdout, stderr, ...rest } = outcome;
  const parts = [JSON.stringify({ ...rest, expectedExitCode: expected.exitCode })];
  if (!stdout.equals(expected.stdout)) parts.push(`stdout ${firstDifference(expected.stdout, stdout)}`);
  if (expected.stderr && !stderr.equals(expected.stderr)) {
    parts.push(`stderr ${firstDifference(expected.stderr, stderr)}`);
  }
  return parts.join('; ');
}

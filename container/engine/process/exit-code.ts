// The exit code of a process, from what was seen of its shell's end, what it was sent and what it left. Pure.
// Invariant: a code is never invented; undefined where nobody can know it.
import { constants } from 'node:os';
import type { ShellEnd } from '../shell/shell.ts';

/** The real-time signals begin here (signal(7)); Node has no name for them and reports them as exit 0. */
const FIRST_REAL_TIME_SIGNAL = 32;

/** Signals that by themselves end nothing (signal(7)). */
const HARMLESS = new Set(
  (['SIGCHLD', 'SIGCONT', 'SIGSTOP', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU', 'SIGURG', 'SIGWINCH'] as const).map(
    (name) => constants.signals[name] as number,
  ),
);

/** The last signals of their kind that a process was sent. */
export interface SentSignals {
  /** One that ends a process unless it is caught. */
  deadly: number | undefined;
  realTime: number | undefined;
}

/** `how` is undefined where nobody saw the end; `left` reads the status that the shell left when it ended by itself. */
export function exitCodeOf(
  how: ShellEnd | undefined,
  sent: SentSignals,
  left: () => number | undefined,
): number | undefined {
  return how ? seenCode(how, sent, left) : unseenCode(sent, left());
}

export function endsProcesses(signal: number): boolean {
  return !HARMLESS.has(signal);
}

export function isRealTime(signal: number): boolean {
  return signal >= FIRST_REAL_TIME_SIGNAL;
}

/**
 * What is known of one that ended while no engine lived. bash runs its EXIT trap also when a signal ends it, and
 * then with the status of the command before: 0 is not believed of one that was sent a deadly signal. Without a file
 * it was killed; by what is known of SIGKILL alone, since another signal may have been caught.
 */
function unseenCode({ deadly }: SentSignals, left: number | undefined): number | undefined {
  if (deadly === undefined) return left;
  return left === 0 || (left === undefined && deadly === constants.signals.SIGKILL) ? 128 + deadly : left;
}

function seenCode(
  { exitCode, signal }: ShellEnd,
  { realTime }: SentSignals,
  left: () => number | undefined,
): number {
  if (signal !== null) return 128 + constants.signals[signal];
  // A shell that really ended with 0 left its exit file.
  const killed = exitCode === 0 && realTime !== undefined && left() !== 0;
  return killed ? 128 + realTime : (exitCode ?? 0);
}

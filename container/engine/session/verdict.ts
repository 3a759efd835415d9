// How a command ended, from how its shell's part did. Pure.
// Invariant: an exit code is never invented; one that nobody can know is an error.
import { constants } from 'node:os';
import { HoldfastError } from '#protocol';
import type { EndReason } from '../command/command.ts';
import type { Report } from '../shell/report.ts';
import type { ShellEnd } from '../shell/shell.ts';

/** How the shell's part ended, as far as it decides. */
export type Ended =
  | { kind: 'reported'; status: Report['status'] }
  | { kind: 'died'; end: ShellEnd }
  | { kind: 'deaf' | 'untyped' };

export interface Circumstances {
  /** The shell went into the command. */
  begun: boolean;
  /** Its shell was made anew for it. */
  restarted: boolean;
  /** Why it is being ended early. */
  ending: EndReason | undefined;
}

export interface Verdict {
  exitCode: number;
  signal: NodeJS.Signals | null;
  shellRestarted: boolean;
}

export function verdictOf(
  ended: Ended,
  { begun, restarted, ending }: Circumstances,
): Verdict | HoldfastError {
  if (ended.kind === 'reported') {
    const { status } = ended;
    if (typeof status === 'number') return { exitCode: status, signal: null, shellRestarted: restarted };
    // It never ran: what ended it early is all there is to tell.
    if (ending) return { exitCode: 0, signal: null, shellRestarted: restarted };
    return notRun(status);
  }
  if (ended.kind === 'died' && (begun || ending)) {
    const exitCode = codeOf(ended.end);
    if (exitCode === undefined && !ending) return unseen();
    return { exitCode: exitCode ?? 0, signal: ended.end.signal, shellRestarted: ending !== 'deleted' };
  }
  if (ending) return { exitCode: 0, signal: null, shellRestarted: true };
  return ended.kind === 'deaf' && begun ? deaf() : notRun('B');
}

/** As a shell tells it; undefined where nobody saw the end. */
export function codeOf({ exitCode, signal }: ShellEnd): number | undefined {
  return exitCode ?? (signal ? 128 + constants.signals[signal] : undefined);
}

function unseen(): HoldfastError {
  return new HoldfastError(
    'COMMAND_LOST',
    'the shell of the command was killed while the engine was not there to see it; its exit code is unknown',
  );
}

function deaf(): HoldfastError {
  return new HoldfastError(
    'COMMAND_LOST',
    'the command made its shell deaf to the engine; its exit code is unknown',
  );
}

function notRun(status: 'B' | 'E'): HoldfastError {
  return status === 'E'
    ? new HoldfastError(
        'INVALID_REQUEST',
        "the call's cwd or env could not be set: a variable is read-only in this session, or the directory cannot be entered",
      )
    : new HoldfastError(
        'INTERNAL',
        'the session could not run the command; delete the session and make it anew',
      );
}

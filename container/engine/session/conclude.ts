// From how the shell's part of a command came out to the command's end.
// Invariant: when it resolves the session is usable, and the end is on record together with what it made of its session.
import { HoldfastError } from '#protocol';
import type { Command } from '../command/command.ts';
import type { SessionState } from '../journal/state.ts';
import type { Report } from '../shell/report.ts';
import type { ShellEnd } from '../shell/shell.ts';
import type { ShellKeeper } from './shell-keeper.ts';
import { hasBegun, type Outcome } from './typing.ts';
import { codeOf, type Ended, verdictOf } from './verdict.ts';

export interface ConcludeDeps {
  keeper: ShellKeeper;
  folder: string;
  sessionKey: string;
  now(): Date;
  /** What is noted of the session itself when a command ends. */
  sessionFields(): Partial<SessionState>;
}

/** `restarted`: its shell was made anew for it. */
export async function conclude(
  command: Command,
  outcome: Outcome,
  restarted: boolean,
  deps: ConcludeDeps,
): Promise<void> {
  const { keeper, folder } = deps;
  if (outcome.kind === 'reported') {
    const { report } = outcome;
    if (report.run !== undefined) keeper.note(report as Report);
    else if (typeof report.status === 'number') keeper.noteStatus(report.status);
    tell(command, { kind: 'reported', status: report.status }, { begun: true, restarted }, deps);
    return;
  }
  const begun = hasBegun(folder);
  const ended: Ended =
    outcome.kind === 'died' ? { kind: 'died', end: wholeEnd(outcome.end, keeper) } : outcome;
  // On record before the next shell's files take the place of its own.
  if (ended.kind === 'died') command.recorder.trySet({ shellEnd: ended.end });
  // Revived first, so that whoever reads the result finds the session usable, and knows where it is.
  await keeper.revive(outcome.kind === 'deaf' ? 'quiet' : 'whole');
  if (ended.kind === 'died' && (begun || command.ending)) keeper.facts.lastStatus = codeOf(ended.end) ?? 0;
  tell(command, ended, { begun, restarted }, deps);
}

/** Of an end that nobody saw, the shell's own file tells the status, where it ended by itself. */
function wholeEnd({ exitCode, signal }: ShellEnd, keeper: ShellKeeper): ShellEnd {
  const left = signal === null ? (exitCode ?? keeper.endStatus() ?? null) : exitCode;
  return { exitCode: left, signal };
}

function tell(
  command: Command,
  ended: Ended,
  how: { begun: boolean; restarted: boolean },
  { keeper, now, sessionKey, sessionFields }: ConcludeDeps,
): void {
  const verdict = verdictOf(ended, { ...how, ending: command.ending });
  const session = () => ({ key: sessionKey, set: { ...keeper.facts.state(), ...sessionFields() } });
  if (verdict instanceof HoldfastError) command.fail(verdict, now(), session());
  else {
    const place = { cwd: keeper.facts.cwd, missingCwd: keeper.facts.takeMissingCwd() };
    command.finish({ ...verdict, ...place }, now(), session());
  }
}

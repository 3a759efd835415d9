// Ends shells that an engine had started and not yet noted when it died: two would read from one input.
import { constants } from 'node:os';
import type { SessionState } from '../journal/state.ts';
import { send } from '../proc/signal.ts';
import { ProcessStat, stdinOf } from '../proc/stat.ts';

export function endUnnoted(sessions: Iterable<SessionState>): void {
  const shells = new Map<string, number | undefined>();
  for (const { fifos, shell } of sessions) if (fifos) shells.set(fifos.input, shell?.pid);
  for (const { pid } of ProcessStat.readAll()) {
    const input = stdinOf(pid);
    if (input === undefined || !shells.has(input) || shells.get(input) === pid) continue;
    send(pid, constants.signals.SIGKILL);
  }
}

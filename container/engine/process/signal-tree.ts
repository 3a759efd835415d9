// Sends a signal to all that a process started, also to what was just being born.
// Looking and sending are not one step: a child forked between them is not seen, and one that has not yet
// called exec(2) may lose the signal to a handler of its parent's. So two more looks follow.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Owner } from '../proc/belonging.ts';
import { nextLook } from '../proc/look.ts';
import { send } from '../proc/signal.ts';
import { bootTicks, type ProcessStat } from '../proc/stat.ts';

const LOOK_AGAIN_MS = [5, 20];
/** In clock ticks: younger than that, a child may not have called exec yet. */
const YOUNG = 3;

/** Answers the members that were found, as soon as they were sent the signal. */
export async function signalTree(owner: Owner, signal: number): Promise<ProcessStat[]> {
  const members = (await nextLook()).members(owner);
  const sentAt = bootTicks();
  const told = new Map<string, string>();
  const tell = (one: ProcessStat) => {
    told.set(keyOf(one), commandLineOf(one.pid));
    send(one.pid, signal);
  };
  for (const one of members) tell(one);
  if (members.length > 0) void tellLate(owner, told, sentAt, tell);
  return members;
}

async function tellLate(
  owner: Owner,
  told: ReadonlyMap<string, string>,
  sentAt: number,
  tell: (one: ProcessStat) => void,
): Promise<void> {
  for (const pause of LOOK_AGAIN_MS) {
    await sleep(pause, undefined, { ref: false });
    const members = (await nextLook()).members(owner);
    const living = new Set(members.map(({ pid }) => pid));
    for (const one of members) {
      const before = told.get(keyOf(one));
      // What a living parent starts after it was told is its answer to the signal, and left alone.
      const unseen = before === undefined && (one.startTicks <= sentAt || !living.has(one.parent));
      const young = one.startTicks >= sentAt - YOUNG;
      const lost = before !== undefined && young && before !== commandLineOf(one.pid);
      if (unseen || lost) tell(one);
    }
  }
}

const keyOf = ({ pid, startTicks }: ProcessStat) => `${pid}:${startTicks}`;

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return ''; // it ended: nothing is sent to it any more
  }
}

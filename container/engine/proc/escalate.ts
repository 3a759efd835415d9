// Ends what a command started: SIGINT, 500 ms later SIGTERM, a second later SIGKILL.
// It resolves when nothing of the command lives, or when even SIGKILL did not help for a while.
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Owner } from './belonging.ts';
import { nextLook } from './look.ts';
import { sendAll } from './signal.ts';

const { SIGINT, SIGTERM, SIGKILL, SIGCONT } = constants.signals;
const TERM_AFTER_MS = 500;
const KILL_AFTER_MS = 1500;
/** A shell that loops with SIGINT ignored is killed a little after its children. */
const SHELL_KILL_AFTER_MS = 1700;
/** A process that the kernel cannot end (uninterruptible sleep) must not hold the session. */
const GIVE_UP_AFTER_MS = 5000;
const LOOK_EVERY_MS = 20;

export interface Ending {
  owner: Owner;
  /** Whether the shell still runs the command. */
  running(): boolean;
  signalShell(signal: number): void;
}

/** `politely` false starts with SIGKILL: for a command that floods its log. */
export async function escalate(ending: Ending, politely: boolean): Promise<void> {
  const began = performance.now() - (politely ? 0 : KILL_AFTER_MS);
  // Children first, so that a shell that waits for one sees it die of the interrupt, as in a terminal.
  sendAll((await nextLook()).members(ending.owner), politely ? SIGINT : SIGKILL);
  if (ending.running()) ending.signalShell(SIGINT);
  let asked = !politely;
  for (;;) {
    await sleep(LOOK_EVERY_MS);
    const elapsed = performance.now() - began;
    const left = (await nextLook()).members(ending.owner);
    if ((left.length === 0 && !ending.running()) || elapsed > GIVE_UP_AFTER_MS) return;
    if (elapsed >= KILL_AFTER_MS) {
      sendAll(left, SIGKILL);
      if (ending.running() && elapsed >= SHELL_KILL_AFTER_MS) ending.signalShell(SIGKILL);
    } else if (elapsed >= TERM_AFTER_MS && !asked) {
      asked = true;
      sendAll(left, SIGTERM);
      sendAll(left, SIGCONT);
    }
  }
}

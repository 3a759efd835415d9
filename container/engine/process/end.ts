// Ends all that a process started, without holding up the engine while it dies.
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Owner } from '../proc/belonging.ts';
import { endAtOnce } from '../proc/end-at-once.ts';
import { nextLook } from '../proc/look.ts';
import { sendAll } from '../proc/signal.ts';
import { signalTree } from './signal-tree.ts';

const { SIGTERM, SIGCONT } = constants.signals;
const LOOK_EVERY_MS = 20;

/** SIGTERM, and SIGKILL after the grace to what is left. Resolves when nothing of it lives. */
export async function endPolitely(owner: Owner, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs;
  let left = await signalTree(owner, SIGTERM);
  sendAll(left, SIGCONT); // a stopped one takes no SIGTERM
  while (left.length > 0 && performance.now() < deadline) {
    await sleep(Math.min(LOOK_EVERY_MS, graceMs));
    left = (await nextLook()).members(owner);
  }
  if (left.length > 0) await endAtOnce(owner);
}

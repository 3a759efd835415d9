// SIGKILL to all that belongs to an owner, without holding up the engine while it dies.
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Owner } from './belonging.ts';
import { type Look, nextLook } from './look.ts';
import { sendAll } from './signal.ts';

const { SIGKILL } = constants.signals;
/** What SIGKILL has not ended in this time (uninterruptible sleep) is not waited for. */
export const GIVE_UP_AFTER_MS = 5000;

/**
 * SIGKILL, and again until nothing of it lives: what forks meanwhile is found too. With a `first` look the
 * first signals are sent before this returns.
 */
export async function endAtOnce(owner: Owner, first?: Look): Promise<void> {
  const deadline = performance.now() + GIVE_UP_AFTER_MS;
  for (let look = first ?? (await nextLook()); ; look = await nextLook()) {
    const left = look.members(owner);
    sendAll(left, SIGKILL);
    if (left.length === 0 || performance.now() > deadline) return;
    await sleep(1);
  }
}

// The two ways to say when a sandbox sleeps, as one.
import type { SleepAfter } from '#protocol';

/** `force`: what runs without a client does not keep it awake. */
export function sleepTime(sleepAfter: SleepAfter): { after: string | number; force: boolean } {
  return typeof sleepAfter === 'object'
    ? { after: sleepAfter.after, force: sleepAfter.force ?? false }
    : { after: sleepAfter, force: false };
}

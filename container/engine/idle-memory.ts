// Gives memory back while nothing is asked for. V8 collects when it needs room, and keeps the room; the C library keeps
// what was freed. So an engine that once was busy would stay as large as it ever was.
import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { releaseFreed } from './linux/libc.ts';

const LOOK_EVERY_MS = 500;
/** The part of the time between two looks that an idle engine may work. */
const IDLE_SHARE = 0.02;
/** What the C library holds is given back in a millisecond. */
const WORTH_RELEASE_BYTES = 1024 * 1024;
/** To collect takes tens of ms, and what V8 had compiled goes too: a pause in the middle of work is no time for it. */
const WORTH_COLLECTION_BYTES = 8 * 1024 * 1024;
const COLLECT_AFTER_LOOKS = 20;

/** From now on. It keeps no process alive. */
export function giveBackWhenIdle(): void {
  const collect = collector();
  /** How large it was after the last time; undefined until what the start left is collected, at the first chance. */
  let afterCollection: number | undefined;
  let afterRelease = 0;
  let idleLooks = 0;
  let seen = performance.eventLoopUtilization();
  setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, seen);
    seen = now;
    idleLooks = utilization > IDLE_SHARE ? 0 : idleLooks + 1;
    if (idleLooks === 0) return;
    const size = process.memoryUsage.rss();
    const isLong = afterCollection === undefined || idleLooks >= COLLECT_AFTER_LOOKS;
    if (isLong && size >= (afterCollection ?? 0) + WORTH_COLLECTION_BYTES) {
      collect();
      releaseFreed();
      afterCollection = process.memoryUsage.rss();
      afterRelease = afterCollection;
    } else if (size >= afterRelease + WORTH_RELEASE_BYTES) {
      releaseFreed();
      afterRelease = process.memoryUsage.rss();
    }
  }, LOOK_EVERY_MS).unref();
}

/** All that can be had, what V8 compiled and has not used of late too. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as NodeJS.GCFunction;
  return () => gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

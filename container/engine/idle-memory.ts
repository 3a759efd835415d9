// Gives memory back while nothing is asked for. V8 collects when it needs room, and keeps the room; the C library keeps
// what was freed. So an engine that once was busy would stay as large as it ever was.
import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { releaseFreed } from './linux/libc.ts';

const LOOK_EVERY_MS = 500;
/** The part of the time between two looks that an idle engine may work. */
const IDLE_SHARE = 0.02;
/** A collection takes tens of ms, which growth must be worth. */
const WORTH_BYTES = 8 * 1024 * 1024;

/** From now on. It keeps no process alive. */
export function giveBackWhenIdle(): void {
  const collect = collector();
  let kept = 0;
  let seen = performance.eventLoopUtilization();
  setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, seen);
    seen = now;
    if (utilization > IDLE_SHARE || process.memoryUsage.rss() < kept + WORTH_BYTES) return;
    collect();
    releaseFreed();
    kept = process.memoryUsage.rss();
    seen = performance.eventLoopUtilization();
  }, LOOK_EVERY_MS).unref();
}

/** All that can be had, what V8 compiled and has not used of late too. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as NodeJS.GCFunction;
  return () => gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

// Learning of the end of a process that is no child of this one.
import { closeSync } from 'node:fs';
import type { ProcessName } from '../journal/state.ts';
import { ProcessStat } from '../proc/stat.ts';
import { openPid } from './libc.ts';
import type { Poller } from './poller.ts';

/** Calls `gone` when the process has ended, later than this returns also if it has already. */
export function onceGone(name: ProcessName, poller: Poller, gone: () => void): void {
  const fd = openPid(name.pid);
  if (fd === undefined || !isAlive(name)) {
    if (fd !== undefined) closeSync(fd);
    setImmediate(gone);
    return;
  }
  poller.add(fd, () => {
    poller.remove(fd);
    closeSync(fd);
    gone();
  });
}

/** Whether it still runs: a number may be another process's by now. */
export function isAlive({ pid, startTicks }: ProcessName): boolean {
  const stat = ProcessStat.read(pid);
  return stat !== undefined && stat.startTicks === startTicks && stat.state !== 'Z';
}

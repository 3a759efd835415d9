// Learning of the end of a process that is no child of this one, and how it ended where the kernel tells.
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessName } from '../journal/state.ts';
import { ProcessStat } from '../proc/stat.ts';
import type { ShellEnd } from '../shell/shell.ts';
import { openPid, waitStatus } from './libc.ts';
import type { Poller } from './poller.ts';

/** Until init has taken note of an orphan's end, which is when the kernel tells of it. */
const REAPED_WITHIN_MS = 1000;
const ASK_EVERY_MS = 5;

/**
 * Calls `gone` when the process has ended, later than this returns also if it has already; with undefined where
 * nobody can tell how.
 */
export function onceGone(name: ProcessName, poller: Poller, gone: (end: ShellEnd | undefined) => void): void {
  const fd = openPid(name.pid);
  if (fd === undefined || !isAlive(name)) {
    if (fd !== undefined) closeSync(fd);
    setImmediate(() => gone(undefined));
    return;
  }
  poller.add(fd, () => {
    poller.remove(fd);
    void endOf(fd).then((end) => {
      closeSync(fd);
      gone(end);
    });
  });
}

/** Whether it still runs: a number may be another process's by now. */
export function isAlive({ pid, startTicks }: ProcessName): boolean {
  const stat = ProcessStat.read(pid);
  return stat !== undefined && stat.startTicks === startTicks && stat.state !== 'Z';
}

async function endOf(pidfd: number): Promise<ShellEnd | undefined> {
  const patience = performance.now() + REAPED_WITHIN_MS;
  let status = waitStatus(pidfd);
  while (status === 'unsaid' && performance.now() < patience) {
    await sleep(ASK_EVERY_MS);
    status = waitStatus(pidfd);
  }
  if (typeof status !== 'number') return undefined;
  // wait(2): the signal in the low seven bits, else the exit code in the next byte.
  const signal = status & 0x7f;
  if (signal === 0) return { exitCode: status >> 8, signal: null };
  const [name] = Object.entries(constants.signals).find(([, number]) => number === signal) ?? [];
  // A real-time signal has no name; a shell says 128 and its number for it.
  return name ? { exitCode: null, signal: name as NodeJS.Signals } : { exitCode: 128 + signal, signal: null };
}

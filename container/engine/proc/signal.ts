// Sending signals to all that belongs to an owner.
import { constants } from 'node:os';
import type { Owner } from './belonging.ts';
import { Look } from './look.ts';
import { ProcessStat, stdinOf } from './stat.ts';

/** Living processes of `owner` as they are now, the shell left out. */
export function processesOf(owner: Owner): ProcessStat[] {
  return new Look().members(owner);
}

/** Sends `signal` (a number) to each; one that is gone meanwhile is what was wanted anyway. */
export function sendAll(processes: ProcessStat[], signal: number): void {
  for (const { pid } of processes) send(pid, signal);
}

/** False when there is no such process. Init, and what kill(2) takes for whole groups, is never meant. */
export function send(pid: number, signal: number): boolean {
  if (!(pid > 1)) throw new RangeError(`process ${pid} is not to be signalled`);
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH' || code === 'EPERM') return false;
    throw error;
  }
}

/** SIGKILL to what below `parent` reads from `path` as its stdin: it would eat what is meant for the next shell. */
export function killReadersOf(path: string, parent: number): void {
  const all = ProcessStat.readAll();
  const below = new Set([parent]);
  for (let grew = true; grew; ) {
    grew = false;
    for (const one of all) {
      if (below.has(one.pid) || !below.has(one.parent)) continue;
      below.add(one.pid);
      grew = true;
    }
  }
  below.delete(parent);
  for (const pid of below) if (stdinOf(pid) === path) send(pid, constants.signals.SIGKILL);
}

/** Number of a signal given by name (`TERM`, `SIGTERM`, `RTMIN+3`) or number; undefined if there is none. */
export function signalNumber(signal: string | number): number | undefined {
  const given = /^\d+$/.test(String(signal)) ? Number(signal) : undefined;
  if (given !== undefined) return given >= 1 && given <= 64 ? given : undefined;
  const name = String(signal).toUpperCase().replace(/^SIG/, '');
  const known = (constants.signals as Record<string, number | undefined>)[`SIG${name}`];
  if (known !== undefined) return known;
  // signal(7): with glibc the real-time signals are 34 (RTMIN) to 64 (RTMAX).
  const realTime = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (!realTime) return undefined;
  const number = (realTime[1] === 'MIN' ? 34 : 64) + Number(`${realTime[2] ?? '+'}${realTime[3] ?? 0}`);
  return number >= 34 && number <= 64 ? number : undefined;
}

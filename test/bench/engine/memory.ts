// Memory of a process as /proc tells it, in KB.
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 250;
const STEADY_LOOKS = 46;
const STEADY_KB = 512;
const PATIENCE_MS = 25_000;

export function residentKb(pid: number): number {
  return fieldOf(pid, 'VmRSS');
}

/** The most that was resident since `forgetPeak`. */
export function peakKb(pid: number): number {
  return fieldOf(pid, 'VmHWM');
}

/** proc(5): 5 sets the peak back to what is resident now. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** What is resident once that has stopped changing: an engine that is idle gives back what it can. */
export async function restingKb(pid: number): Promise<number> {
  const deadline = Date.now() + PATIENCE_MS;
  const seen: number[] = [];
  while (Date.now() < deadline) {
    seen.push(residentKb(pid));
    const last = seen.slice(-STEADY_LOOKS);
    if (last.length === STEADY_LOOKS && Math.max(...last) - Math.min(...last) < STEADY_KB) break;
    await sleep(LOOK_MS);
  }
  return residentKb(pid);
}

function fieldOf(pid: number, name: string): number {
  return Number(
    new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1],
  );
}

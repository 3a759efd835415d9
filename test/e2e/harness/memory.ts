// Memory of a process, as /proc tells it.
import { readFileSync } from 'node:fs';

/** What is resident, in bytes. */
export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;
}

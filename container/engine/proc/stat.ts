// What the kernel tells about a process: /proc/<pid>/stat and environ, see proc(5).
import { closeSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { withSpare } from './spare.ts';

/** One reading of a process; pid and startTicks together name it for good. */
export class ProcessStat {
  readonly pid: number;
  /** One letter: R, S, D, T, Z ... */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Clock ticks since boot. */
  readonly startTicks: number;

  private constructor(pid: number, fields: string[]) {
    this.pid = pid;
    this.state = fields[0]!;
    this.parent = Number(fields[1]);
    this.group = Number(fields[2]);
    this.session = Number(fields[3]);
    this.startTicks = Number(fields[19]);
  }

  /** Undefined for a process that is gone. */
  static read(pid: number): ProcessStat | undefined {
    const text = readProc(`/proc/${pid}/stat`);
    // The name in parentheses may hold anything; the fields follow the last one.
    return text === undefined
      ? undefined
      : new ProcessStat(pid, text.slice(text.lastIndexOf(')') + 2).split(' '));
  }

  /** All processes that this one may see; zombies are left out, they run nothing. */
  static readAll(): ProcessStat[] {
    const all: ProcessStat[] = [];
    for (const name of withSpare(() => readdirSync('/proc'))) {
      const pid = Number(name);
      if (!Number.isInteger(pid)) continue;
      const stat = ProcessStat.read(pid);
      if (stat && stat.state !== 'Z') all.push(stat);
    }
    return all;
  }
}

/** The environment that a process was started with, `NAME=value` with a NUL after each; empty if unreadable. */
export function environmentOf(pid: number): string {
  return readProc(`/proc/${pid}/environ`) ?? '';
}

/** What a process has as its stdin, as a path. */
export function stdinOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/0`);
  } catch {
    return undefined;
  }
}

/** Direct children of a process, from /proc/<pid>/task/<pid>/children. */
export function childrenOf(pid: number): number[] {
  const text = readProc(`/proc/${pid}/task/${pid}/children`) ?? '';
  return text.split(' ').filter(Boolean).map(Number);
}

/** The clock that startTicks count on, now. USER_HZ is 100 on every Linux that Node runs on. */
export function bootTicks(): number {
  return Math.floor(Number(uptimeText()?.split(' ')[0]) * 100);
}

/** Kept open: it is read before every command. */
let uptime: number | undefined;

function uptimeText(): string | undefined {
  try {
    uptime ??= openSync('/proc/uptime', 'r');
    return page.toString('latin1', 0, readSync(uptime, page, 0, page.length, 0));
  } catch {
    return readProc('/proc/uptime'); // no more files may be opened
  }
}

/** Files in /proc have no size, for which Node's own readFile takes 64 KiB of new memory each time. */
let page = Buffer.allocUnsafe(64 * 1024);

const PAGE_BYTES = 4096;

function readProc(path: string): string | undefined {
  try {
    return withSpare(() => readWhole(path));
  } catch {
    return undefined; // the process ended, or is another user's: nothing to tell
  }
}

function readWhole(path: string): string {
  const fd = openSync(path, 'r');
  try {
    for (let size = 0; ; ) {
      const count = readSync(fd, page, size, page.length - size, null);
      size += count;
      // The kernel fills a page where it has more to tell.
      if (count < PAGE_BYTES / 2) return page.toString('latin1', 0, size);
      if (page.length - size < PAGE_BYTES) page = Buffer.concat([page, Buffer.allocUnsafe(page.length)]);
    }
  } finally {
    closeSync(fd);
  }
}

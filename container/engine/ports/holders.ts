// Who has a socket open: the links in /proc/<pid>/fd, see proc_pid_fd(5).
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { withSpare } from '../proc/spare.ts';
import { type ListeningSocket, parseSockets } from './sockets.ts';

/** All that listen in this network namespace. */
export function listeningSockets(): ListeningSocket[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => {
    try {
      return parseSockets(withSpare(() => readFileSync(path, 'latin1')));
    } catch {
      return []; // a kernel without IPv6
    }
  });
}

/** The first of these processes that has each socket open, by inode. */
export function holdersOf(sockets: ListeningSocket[], pids: Iterable<number>): Map<string, number> {
  const wanted = new Set(sockets.map(({ inode }) => `socket:[${inode}]`));
  const holders = new Map<string, number>();
  if (wanted.size === 0) return holders;
  for (const pid of pids) {
    for (const link of linksOf(pid)) {
      const inode = link.slice('socket:['.length, -1);
      if (wanted.has(link) && !holders.has(inode)) holders.set(inode, pid);
    }
  }
  return holders;
}

function linksOf(pid: number): string[] {
  try {
    const folder = `/proc/${pid}/fd`;
    return withSpare(() => readdirSync(folder)).flatMap((fd) => {
      try {
        return [readlinkSync(`${folder}/${fd}`)];
      } catch {
        return []; // closed meanwhile
      }
    });
  } catch {
    return []; // it ended, or is another user's
  }
}

/** The command line of a process, a blank between the arguments. */
export function commandLineOf(pid: number): string {
  try {
    const text = withSpare(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
    return text.replaceAll('\0', ' ').trim();
  } catch {
    return ''; // it ended
  }
}

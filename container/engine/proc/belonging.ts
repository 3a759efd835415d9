// Which processes belong to whom. Pure, over readings of /proc.
// No single sign is enough: a double fork changes the parent, setsid(2) the session and group, and a
// subshell that never called exec(2) does not show its command's id in its environment.
import type { ProcessStat } from './stat.ts';

/** The one asked about: a command of a session, or the whole session. */
export interface Owner {
  /** Value of `__hf_session` that every process of the session was started with. */
  sessionKey: string;
  /** The session's shell, if it lives. */
  shellPid: number | undefined;
  /** Set when only this command's processes are wanted. */
  command?: {
    id: string;
    /** Clock ticks at its start: what is older belongs to an earlier command. */
    startTicks: number;
    /** Children the shell had at its start. */
    earlierChildren: ReadonlySet<number>;
  };
  /** Members found by earlier looks, as `pid:startTicks`: their groups count even when they are gone. */
  known: Map<string, ProcessStat>;
}

/** Living processes that belong to `owner`, the shell itself left out. Adds them to `owner.known`. */
export function belongingTo(
  owner: Owner,
  processes: ProcessStat[],
  environment: (pid: number) => string,
): ProcessStat[] {
  const related = relatives(owner, processes);
  const members = processes.filter((one) => {
    if (one.pid === owner.shellPid) return false;
    const text = `\0${environment(one.pid)}`;
    if (!owner.command) return related.has(one.pid) || text.includes(`\0__hf_session=${owner.sessionKey}\0`);
    const id = /\0__hf_id=([^\0]*)\0/.exec(text)?.[1];
    if (id && text.includes(`\0__hf_session=${owner.sessionKey}\0`)) return id === owner.command.id;
    return related.has(one.pid) && one.startTicks >= owner.command.startTicks;
  });
  for (const one of members) owner.known.set(`${one.pid}:${one.startTicks}`, one);
  return members;
}

/** All that share parentage, group or session with the shell or a known member, to any depth. */
function relatives(owner: Owner, processes: ProcessStat[]): Set<number> {
  const living = new Map(processes.map((one) => [one.pid, one.startTicks]));
  // The kernel gives a number to another process only when no group or session has it any more.
  const stillIts = (one: ProcessStat) => (living.get(one.pid) ?? one.startTicks) === one.startTicks;
  // Children of init are nobody's, and 0 is the group and session of what the kernel runs.
  const meansNobody = (pid: number) => pid <= 1;
  const related = new Set<number>([...owner.known.values()].filter(stillIts).map((one) => one.pid));
  const roots = new Set(related);
  if (owner.shellPid !== undefined) roots.add(owner.shellPid);
  for (const pid of [...roots].filter(meansNobody)) roots.delete(pid);
  const earlier = new Set(owner.command?.earlierChildren);
  for (let grew = true; grew; ) {
    grew = false;
    for (const one of processes) {
      if (meansNobody(one.pid)) continue;
      if (roots.has(one.pid) || earlier.has(one.pid)) continue;
      if (earlier.has(one.parent)) {
        earlier.add(one.pid);
        grew = true;
        continue;
      }
      if (!roots.has(one.parent) && !roots.has(one.group) && !roots.has(one.session)) continue;
      roots.add(one.pid);
      related.add(one.pid);
      grew = true;
    }
  }
  return related;
}

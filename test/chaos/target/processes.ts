// The processes of a sandbox as /proc shows them: which is the engine, which are shells, which are neither.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface SeenProcess {
  pid: number;
  parent: number;
  argv: string[];
  env: Map<string, string>;
}

/** Every process that fits and lives; zombies are their parent's affair. */
export function processesWhere(fits: (seen: SeenProcess) => boolean): SeenProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((seen): seen is SeenProcess => seen !== undefined && fits(seen));
}

export function isEngine({ argv }: SeenProcess): boolean {
  return (
    argv[0]?.endsWith('node') === true && argv.some((word) => /engine\/main\.ts$|engine\.cjs$/.test(word))
  );
}

/** The first engine: a child of it that has not come to execve(2) yet looks like it. */
export function engineOf(processes: SeenProcess[]): SeenProcess | undefined {
  return topmost(processes.filter(isEngine));
}

/** The one that none of the others started. */
export function topmost(processes: SeenProcess[]): SeenProcess | undefined {
  const pids = new Set(processes.map(({ pid }) => pid));
  return processes.find(({ parent }) => !pids.has(parent));
}

/** A session's own shell, which reads its commands from a FIFO, or what it forked and has not become another program. */
export function isShell({ argv }: SeenProcess): boolean {
  return argv[0]?.endsWith('bash') === true && argv.includes('--noediting');
}

/** Descriptors but for sockets: how many connections are kept is the clients' affair. */
export function openDescriptors(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`)
    .map((fd) => orUndefined(() => readlinkSync(`/proc/${pid}/fd/${fd}`)))
    .filter((path) => path !== undefined && !path.startsWith('socket:')) as string[];
}

/** Of the pid namespace that it lives in. */
export function namespaceOf(pid: number): string | undefined {
  return orUndefined(() => readlinkSync(`/proc/${pid}/ns/pid`));
}

export function kill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

function readProcess(pid: number): SeenProcess | undefined {
  return orUndefined(() => {
    const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'latin1');
    const stat = read('stat');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    const pairs = read('environ')
      .split('\0')
      .filter((pair) => pair.includes('='))
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const);
    return {
      pid,
      parent: Number(parent),
      argv: read('cmdline').split('\0').slice(0, -1),
      env: new Map(pairs),
    };
  });
}

/** It ended between the listing and the look, or is not ours to look at. */
function orUndefined<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
}

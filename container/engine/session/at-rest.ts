// Whether a shell has only what a checkpoint carries, as /proc tells (proc(5)): no child, no descriptor, limit
// or priority of its own, nothing in its group or kernel session, and a directory that exists.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { getPriority } from 'node:os';
import type { ProcessStat } from '../proc/stat.ts';
import type { ShellPaths } from '../shell/rc.ts';

/** `processes` are all of the machine: a stray that only the shell's group tells apart would be lost without it. */
export function isAtRest(
  pid: number,
  paths: Pick<ShellPaths, 'input' | 'control'>,
  processes: () => ProcessStat[],
): boolean {
  try {
    return (
      hasUsualDescriptors(pid, paths) &&
      readFileSync(`/proc/${pid}/limits`, 'latin1') === readFileSync('/proc/self/limits', 'latin1') &&
      getPriority(pid) === getPriority() &&
      !readlinkSync(`/proc/${pid}/cwd`).endsWith(' (deleted)') &&
      !processes().some(
        (one) => one.pid !== pid && (one.parent === pid || one.group === pid || one.session === pid),
      )
    );
  } catch {
    return false; // it is just ending, or is not ours to look at
  }
}

/** Where an interactive bash keeps a copy of its stderr. */
const BASH_OWN = 255;

function hasUsualDescriptors(
  pid: number,
  { input, control }: Pick<ShellPaths, 'input' | 'control'>,
): boolean {
  const usual = new Map([
    [0, input],
    [1, control],
    [2, '/dev/null'],
    [BASH_OWN, '/dev/null'],
  ]);
  return readdirSync(`/proc/${pid}/fd`).every((name) => {
    const open = readlinkSync(`/proc/${pid}/fd/${name}`);
    // What the engine itself was started with, every fresh shell inherits too.
    return open === (usual.get(Number(name)) ?? linkOf(`/proc/self/fd/${name}`));
  });
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // the engine has no such descriptor
  }
}

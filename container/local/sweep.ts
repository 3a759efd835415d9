// Ends what outlived its container: the shells of an engine that was killed, and what they had started.
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Variable that marks every process of a sandbox with the sandbox's folder. Its prefix is that of the
 * variables by which the platform tells a container about itself, which engines hand on to commands.
 */
export const MARK = 'CLOUDFLARE_LOCAL_SANDBOX';

/** How often one looks again for what was forked while one looked; a process that is killed has no marks. */
const MAX_LOOKS = 100;

/** Sends SIGKILL to every process that is marked with this folder or one below it, until there is none. */
export function killAllOf(folder: string): void {
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    const pids = processIds().filter((pid) => pid !== process.pid && isMarked(pid, folder));
    if (pids.length === 0) return;
    for (const pid of pids) kill(pid);
  }
}

/** None where there is no /proc; the engine ends its commands itself whenever it is asked to. */
function processIds(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function isMarked(pid: number, folder: string): boolean {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
    return variables.some((variable) => `${variable}/`.startsWith(`${MARK}=${folder}/`));
  } catch {
    // Gone meanwhile, or another user's: not one of ours.
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

// Keeps FIFOs from vanishing with the engine: the bytes in a pipe are gone when nobody has it open. A holder is a
// process that has them open, does nothing, and does not die with the engine. It has each from its start on.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { ProcessName } from '../journal/state.ts';
import { isAlive } from '../linux/once-gone.ts';
import { send } from '../proc/signal.ts';
import { environmentOf, ProcessStat } from '../proc/stat.ts';

const { SIGKILL } = constants.signals;

/** In its environment, by which another engine finds it: the folder or the FIFO that it is for. */
const MARK = '__hf_holds';

/** Undefined where the machine takes no more processes: the engine's death may then cost output. */
export function startHolder(fds: number[], of: string): ProcessName | undefined {
  const child = spawn('sleep', ['infinity'], {
    cwd: '/',
    env: { PATH: process.env.PATH, [MARK]: of },
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', ...fds],
  });
  child.once('error', () => {}); // there is no pid then
  child.unref();
  if (child.pid === undefined) return undefined;
  return { pid: child.pid, startTicks: ProcessStat.read(child.pid)?.startTicks ?? 0 };
}

export function endHolder(name: ProcessName): void {
  if (isAlive(name)) send(name.pid, SIGKILL);
}

/** Living holders of a folder or its FIFOs, with what each is for. */
export function findHolders(folder: string): { name: ProcessName; of: string }[] {
  return ProcessStat.readAll().flatMap(({ pid, startTicks }) => {
    const of = new RegExp(`(?:^|\0)${MARK}=([^\0]*)`).exec(environmentOf(pid))?.[1];
    return of?.startsWith(folder) ? [{ name: { pid, startTicks }, of }] : [];
  });
}

// Starts the shell of a process: a bash of its own that first becomes a copy of its session's.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { HoldfastError, LIMITS } from '#protocol';
import type { Command } from '../command/command.ts';
import { openAll } from '../linux/open-all.ts';
import type { SessionCopy } from '../session/session.ts';
import { BASH } from '../shell/bash.ts';
import { copyScript } from '../shell/checkpoint.ts';
import { notStarted } from '../shell/no-room.ts';
import { OFFER_FIRST } from '../shell/oom-score.ts';
import { quote } from '../shell/quote.ts';

export interface Launch {
  command: Command;
  copy: SessionCopy;
  /** Existing and absolute. */
  cwd: string;
  /** For this process's control files. */
  folder: string;
  stdinPath: string;
  stdoutPath: string;
  stderrPath: string;
}

/** What a shell makes when it ends by itself: this file in its folder, with a dot and the status. */
const EXIT_FILE = 'exit';
/** What it makes before anything of the command runs. */
export const BEGUN_FILE = 'begun';

/**
 * The text is bash's script file, so that its messages and its trace are those of a script; the copy is made
 * by `BASH_ENV`, which bash sources before (bash(1), BASH_ENV). The output FIFOs are opened read-write on
 * this side, so that their bytes outlive the engine.
 *
 * Throws 400 INVALID_REQUEST for an environment that the kernel does not take, 503 OUT_OF_RESOURCES for want of room.
 */
export function launch(request: Launch): ChildProcess & { pid: number } {
  const { command, folder } = request;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(`${folder}/command`, command.request.text, { mode: 0o600 });
  writeFileSync(`${folder}/state`, stateScript(request), { mode: 0o600, encoding: 'latin1' });
  writeFileSync(`${folder}/copy`, environmentScript(request), { mode: 0o600 });
  const child = spawnBash(request);
  if (child.pid !== undefined) return child as ChildProcess & { pid: number };
  child.once('error', () => {}); // said below
  throw notStarted(request.cwd);
}

function spawnBash({ command, copy, cwd, folder, ...paths }: Launch): ChildProcess {
  const env = command.callEnv ?? {};
  const outputs = openAll([paths.stdoutPath, paths.stderrPath], constants.O_RDWR);
  const fds = [...outputs];
  try {
    fds.unshift(openSync(paths.stdinPath, constants.O_RDONLY));
    return spawn(BASH, ['--noprofile', '--norc', `${folder}/command`], {
      cwd,
      // bash takes over a PWD that names the directory it starts in, symlinks and all.
      env: { ...copy.env, ...env, PWD: cwd, ...marks(command.id, env), BASH_ENV: `${folder}/copy` },
      detached: true,
      stdio: fds,
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'E2BIG') throw error;
    throw new HoldfastError(
      'INVALID_REQUEST',
      'env: the kernel takes at most 128 KiB for one variable; hand over more through stdin or a file',
    );
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

/** The command's id, by which its strays are found, and a `BASH_ENV` of the caller's, kept aside for it. */
function marks(id: string, env: Record<string, string>): Record<string, string> {
  return { __hf_id: id, ...(env.BASH_ENV === undefined ? {} : { __hf_b: env.BASH_ENV }) };
}

/** Makes the shell equal to the session's, but for what the call gives. */
function stateScript({ command, copy }: Launch): string {
  if (!copy.state) return '';
  const except = new Set([...Object.keys(command.callEnv ?? {}), '__hf_id', '__hf_session']);
  return copyScript(copy.state, { except, maxBytes: LIMITS.checkpointBytes });
}

/**
 * What the state says while it is taken over is nobody's output. Sourcing it is the last command, so that no
 * function, alias or option of the session can change the meaning of one that follows.
 */
function environmentScript({ command, folder }: Launch): string {
  const leave = quote(`>|${quote(`${folder}/${EXIT_FILE}`)}.$?`);
  return `\
>|${quote(`${folder}/${BEGUN_FILE}`)}
${OFFER_FIRST}
${command.callEnv?.BASH_ENV === undefined ? 'unset BASH_ENV' : 'BASH_ENV=$__hf_b; unset __hf_b'}
trap ${leave} EXIT
. ${quote(`${folder}/state`)} 2>/dev/null
`;
}

/** The status that a shell left when it ended by itself. */
export function statusLeftIn(folder: string): number | undefined {
  const name = readdirSync(folder).find((one) => one.startsWith(`${EXIT_FILE}.`));
  return name === undefined ? undefined : Number(name.slice(EXIT_FILE.length + 1));
}

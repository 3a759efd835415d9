// What a call needs before it is typed: its text, its own cwd and env, its stdin; made, or found again where an
// engine that died had made it.
import type { Command } from '../command/command.ts';
import { fileStdin, keptStdin } from '../command/stdin.ts';
import { inheritStdinFifo, openStdinFifo } from '../command/stdin-fifo.ts';
import type { FifoPool } from '../fifo/pool.ts';
import type { CommandRecord } from '../journal/state.ts';
import { type CallScope, callScope, writeCommand } from './call-files.ts';
import type { ShellKeeper } from './shell-keeper.ts';

export interface CallPlace {
  fifos: FifoPool;
  keeper: Pick<ShellKeeper, 'facts'>;
  /** Of the session's control files. */
  folder: string;
}

/** `stdinTaken`: the command has its stdin open. 400 CWD_NOT_FOUND. */
export function prepareCall(
  command: Command,
  { fifos, keeper, folder }: CallPlace,
  stdinTaken: () => boolean,
): CallScope | undefined {
  const { id, request } = command;
  const scope = callScope({ ...request, env: command.callEnv }, keeper.facts.cwd);
  writeCommand(folder, request.text);
  if (request.stdinOpen) openStdinFifo(command, fifos, stdinTaken);
  else if (request.stdin !== undefined) command.stdin = fileStdin(`${folder}/stdin.${id}`, request.stdin);
  return scope;
}

/** What `prepareCall` made, found again. Its files are as they were: the shell may be reading them. */
export function inheritCall(
  command: Command,
  { stdin }: CommandRecord,
  { fifos, keeper, folder }: CallPlace,
  stdinTaken: () => boolean,
): CallScope | undefined {
  const { id, request } = command;
  if (stdin) inheritStdinFifo(command, stdin, fifos, stdinTaken);
  else if (request.stdin !== undefined) command.stdin = keptStdin(`${folder}/stdin.${id}`);
  try {
    return callScope({ ...request, env: command.callEnv }, keeper.facts.cwd);
  } catch {
    return undefined; // its directory has gone since: the shell has entered it, or says so
  }
}

// What an engine does with what one that died in the same folder left: sessions, commands and processes.
// Invariant: a command that had begun is gone on with or told as lost, never run again; one that had not begins now.
import { HoldfastError } from '#protocol';
import type { Clients } from './command/clients.ts';
import type { Command, CommandRequest } from './command/command.ts';
import { requestOf } from './command/request-state.ts';
import type { CommandTable } from './command/table.ts';
import type { OpenedJournal } from './journal/open.ts';
import type { CommandRecord } from './journal/state.ts';
import { Look } from './proc/look.ts';
import type { Processes } from './process/processes.ts';
import type { Sessions } from './session/sessions.ts';
import { asHoldfastError } from './system-error.ts';

/** Who takes it over. */
export interface Heirs {
  commands: CommandTable;
  sessions: Sessions;
  processes: Processes;
  clients: Clients;
  makeCommand(id: string, request: CommandRequest, createdAt: Date): Command;
}

/** Takes over sessions and commands; what had not begun begins now. */
export function adopt({ left, isNew }: Pick<OpenedJournal, 'left' | 'isNew'>, heirs: Heirs): void {
  const { commands, sessions, clients, makeCommand } = heirs;
  commands.rememberExpired(left.expired);
  const found = [...left.commands].map(([id, record]) => {
    const command = makeCommand(id, requestOf(record.request), new Date(record.createdAt));
    const lines = left.output.get(id);
    try {
      command.restore(record, lines === undefined ? undefined : Buffer.from(lines, 'latin1'));
    } catch (error) {
      cannotBeTaken(command, error);
    }
    if (command.ended && command.endedAt) commands.addLeft(command, command.endedAt);
    else commands.add(command);
    return { command, record };
  });
  sessions.adopt(left.sessions);
  for (const { command, record } of found) {
    try {
      if (record.request.mode === 'background') adoptProcess(command, record, heirs);
      else if (!command.ended || (record.streams && !record.atRest)) adoptForeground(command, record, heirs);
    } catch (error) {
      cannotBeTaken(command, error);
    }
    clients.awaitReturn(command);
  }
  sessions.begin(isNew);
}

/** One that cannot be taken over must not keep all others from it. */
function cannotBeTaken(command: Command, error: unknown): void {
  const told = asHoldfastError(error, 'the command could not be taken over from an engine that died');
  if (!command.ended) command.fail(told, new Date());
}

function adoptForeground(command: Command, record: CommandRecord, { sessions }: Heirs): void {
  const { sessionId } = record.request;
  const session = sessions.find(sessionId);
  // Another may have its id by now.
  if (session && (record.sessionKey ?? session.key) === session.key) session.adopt(command, record);
  else if (!command.ended) {
    command.fail(new HoldfastError('SESSION_NOT_FOUND', `the session ${sessionId} was deleted`), new Date());
  }
}

function adoptProcess(command: Command, record: CommandRecord, heirs: Heirs): void {
  const { sessions, processes, commands } = heirs;
  const { process, request } = record;
  if (process && processes.adopt(command, record)) {
    if (!command.ended && sessions.find(request.sessionId)?.key !== process.sessionKey) {
      void processes.of(command)!.kill(new Look()); // its session was being deleted
    }
    return;
  }
  if (command.ended) return;
  const start = async () => processes.start(command, sessions.get(request.sessionId));
  start().catch((error) => {
    command.fail(asHoldfastError(error, 'the process could not be started'), new Date());
    commands.touch(command);
  });
}

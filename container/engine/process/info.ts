// What is told of a process. Pure.
import type { ProcessInfo } from '#protocol';
import type { Command } from '../command/command.ts';

export function processInfo(command: Command, pid: number): ProcessInfo {
  const { id, request, exit, log, startedAt, endedAt, state } = command;
  return {
    id,
    sessionId: request.sessionId,
    pid,
    command: command.shownText,
    state: state === 'queued' ? 'running' : state,
    exitCode: exit?.exitCode ?? null,
    signal: exit?.signal ?? null,
    timedOut: exit?.timedOut ?? false,
    startedAt: startedAt!.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
    durationMs: exit?.durationMs ?? null,
    stdoutBytes: log.stdoutBytes,
    stderrBytes: log.stderrBytes,
  };
}

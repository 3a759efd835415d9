// From a request as it is on the wire to what a command is made of. Pure.
import { DEFAULT_SESSION, type ExecRequest, LIMITS, type StartProcessRequest } from '#protocol';
import type { CommandRequest } from './command.ts';

/** A command of the session, to be run in its shell. */
export function foregroundRequest(sessionId: string, request: ExecRequest): CommandRequest {
  const { stdin, stdinBase64, disconnectGraceMs } = request;
  return {
    sessionId,
    mode: 'foreground',
    text: request.command,
    cwd: request.cwd,
    cwdStays: false,
    env: request.env,
    stdin:
      stdin !== undefined
        ? Buffer.from(stdin)
        : stdinBase64 !== undefined
          ? Buffer.from(stdinBase64, 'base64')
          : undefined,
    stdinOpen: request.stdinOpen ?? false,
    timeoutMs: request.timeoutMs,
    disconnectGraceMs: disconnectGraceMs === undefined ? LIMITS.defaultDisconnectGraceMs : disconnectGraceMs,
  };
}

/** A process, in a shell that is a copy of its session. */
export function backgroundRequest(request: StartProcessRequest): CommandRequest {
  return {
    sessionId: request.session ?? DEFAULT_SESSION,
    mode: 'background',
    text: request.command,
    cwd: request.cwd,
    cwdStays: false,
    env: request.env,
    stdin: undefined,
    stdinOpen: request.stdinOpen ?? false,
    timeoutMs: request.timeoutMs,
    disconnectGraceMs: null,
  };
}

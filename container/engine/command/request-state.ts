// A command's request as the journal holds it, and back. Pure.
import type { RequestState } from '../journal/state.ts';
import type { CommandRequest } from './command.ts';

export function requestState({ stdin, ...request }: CommandRequest): RequestState {
  return stdin === undefined ? request : { ...request, stdin: stdin.toString('base64') };
}

export function requestOf({ stdin, ...state }: RequestState): CommandRequest {
  return {
    ...state,
    cwd: state.cwd,
    env: state.env,
    timeoutMs: state.timeoutMs,
    stdin: stdin === undefined ? undefined : Buffer.from(stdin, 'base64'),
  };
}

// Calls about processes that a container left behind when it ended: storage knows what became of them.
import { type CommandInfo, HoldfastError, type ProcessInfo, type ProcessList } from '#protocol';
import type { Store } from '../store/store.ts';
import { asLeft, gone } from './lookups.ts';
import type { SandboxCall } from './sandbox-call.ts';

const PROCESS = /^\/processes\/([^/]+)(\/.+)?$/;

/** Whether a call is about processes that exist, rather than to start one. */
export function isAboutProcesses(method: string, rest: string): boolean {
  return (method === 'GET' && rest === '/processes') || PROCESS.test(rest);
}

/**
 * The answer of storage, as far as it knows processes of a generation before `before`. Throws
 * PROCESS_NOT_FOUND, and for all that needs the process itself COMMAND_LOST or COMMAND_EXPIRED.
 */
export function answerAboutLeft(store: Store, before: number, { request, rest }: SandboxCall): Response {
  const history = store.commands;
  const left = history.processesBefore(before).map(asLeft);
  if (rest === '/processes') return Response.json({ processes: left.map(toProcess) });
  const [, id, part] = PROCESS.exec(rest)!;
  const process = left.find((one) => one.id === id);
  if (!process && isLost(store, id!, before)) throw gone({ state: 'lost' });
  if (!process) throw new HoldfastError('PROCESS_NOT_FOUND', `There is no process ${id}.`);
  if (part) throw gone(process);
  if (request.method === 'GET') return Response.json(toProcess(process));
  history.forget(process.id);
  return new Response(null, { status: 204 });
}

/** The engine's answer, and where it does not know the process, what storage knows of earlier generations. */
export async function withLeft(
  answer: Response,
  store: Store,
  generation: number,
  call: SandboxCall,
): Promise<Response> {
  const history = store.commands;
  const { request, rest } = call;
  if (rest === '/processes') {
    if (!answer.ok) return answer;
    const { processes } = await answer.json<ProcessList>();
    const known = new Set(processes.map(({ id }) => id));
    const left = history.processesBefore(generation).filter(({ id }) => !known.has(id));
    return Response.json({ processes: [...processes, ...left.map(asLeft).map(toProcess)] });
  }
  const [, id = '', part] = PROCESS.exec(rest)!;
  if (request.method === 'DELETE' && !part && answer.ok) history.forget(id);
  if (answer.status !== 404) return answer;
  const isLeft = history.processesBefore(generation).some((one) => one.id === id);
  return isLeft || isLost(store, id, generation) ? answerAboutLeft(store, generation, call) : answer;
}

/** Its id was taken in an earlier generation, of which nothing more was heard: it may have run. */
function isLost({ commands, ids }: Store, id: string, before: number): boolean {
  const taken = ids.get(id);
  return taken !== undefined && taken.generation < before && commands.get(id) === undefined;
}

/** A process as the history tells it: its container is gone, and so is its pid. */
export function toProcess(command: CommandInfo): ProcessInfo {
  const { id, sessionId, exitCode, signal, timedOut, createdAt, startedAt, endedAt, durationMs } = command;
  return {
    id,
    sessionId,
    pid: null,
    command: command.command,
    state: command.state === 'queued' ? 'lost' : command.state,
    exitCode,
    signal,
    timedOut,
    startedAt: startedAt ?? createdAt,
    endedAt,
    durationMs,
    stdoutBytes: command.stdoutBytes,
    stderrBytes: command.stderrBytes,
  };
}

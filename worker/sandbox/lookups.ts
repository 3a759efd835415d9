// Answers about commands from storage: while the container sleeps, and for what only an earlier start knew.
import { type CommandInfo, HoldfastError } from '#protocol';
import type { CommandHistory } from '../store/command-history.ts';

const COMMAND = /^\/commands\/([^/]+)(\/events|\/output(?:\/[^/]+)?)?$/;

/** Whether a call only looks something up that storage may know. */
export function isLookup(method: string, rest: string): boolean {
  return method === 'GET' && (rest === '/commands' || COMMAND.test(rest));
}

/** The answer of storage to a lookup. Throws COMMAND_NOT_FOUND, COMMAND_LOST or COMMAND_EXPIRED. */
export function lookUp(history: CommandHistory, rest: string): Response {
  if (rest === '/commands') return Response.json({ commands: history.list().map(asLeft) });
  const [, id = '', output] = COMMAND.exec(rest) ?? [];
  const command = history.get(id);
  if (!command) throw new HoldfastError('COMMAND_NOT_FOUND', `There is no command ${id}.`);
  if (!output) return Response.json(asLeft(command));
  throw gone(asLeft(command));
}

/** A command whose container is gone: what was unfinished is lost, also before the next start notes it. */
export function asLeft(command: CommandInfo): CommandInfo {
  const unfinished = command.state === 'queued' || command.state === 'running';
  return unfinished ? { ...command, state: 'lost' } : command;
}

/** Why nothing more can be had of a command whose container is gone. */
export function gone({ state }: CommandInfo): HoldfastError {
  return state === 'lost'
    ? new HoldfastError(
        'COMMAND_LOST',
        'The container ended while this command ran; how it ended is not known.',
      )
    : new HoldfastError('COMMAND_EXPIRED', 'The output of this command went with the container it ran in.');
}

/** The engine's answer to `GET /commands`, and behind it what only earlier starts of the container knew. */
export async function withHistory(answer: Response, history: CommandHistory): Promise<Response> {
  if (!answer.ok) return answer;
  const { commands } = await answer.json<{ commands: CommandInfo[] }>();
  const known = new Set(commands.map((command) => command.id));
  const earlier = history.list().filter((command) => !known.has(command.id));
  return Response.json({ commands: [...commands, ...earlier] });
}

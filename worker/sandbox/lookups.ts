// Answers about commands from storage: while the container sleeps, and for what only an earlier start knew.
import { type CommandInfo, HoldfastError } from '#protocol';
import type { CommandHistory } from '../store/command-history.ts';
import type { Store } from '../store/store.ts';
import { keptEvents, keptOutput } from './kept-answer.ts';
import type { SandboxCall } from './sandbox-call.ts';

const STREAM = /^\/output\/(stdout|stderr)$/;
const COMMAND = /^\/commands\/([^/]+)(\/events|\/output(?:\/[^/]+)?)?$/;

/** Whether a call only looks something up that storage may know. */
export function isLookup(method: string, rest: string): boolean {
  return method === 'GET' && (rest === '/commands' || COMMAND.test(rest));
}

/** Whether storage knows anything of the command: what became of it, or only that its id was taken. */
export function isStored(store: Store, id: string): boolean {
  return store.commands.get(id) !== undefined || store.ids.get(id) !== undefined;
}

/** The answer of storage to a lookup. Throws COMMAND_NOT_FOUND, COMMAND_LOST or COMMAND_EXPIRED. */
export async function lookUp(store: Store, { request, rest, search }: SandboxCall): Promise<Response> {
  const { commands, events } = store;
  if (rest === '/commands') return Response.json({ commands: commands.list().map(asLeft) });
  const [, id = '', output] = COMMAND.exec(rest) ?? [];
  const command = commands.get(id);
  if (!command && isStored(store, id)) throw gone({ state: 'lost' });
  if (!command) throw new HoldfastError('COMMAND_NOT_FOUND', `There is no command ${id}.`);
  if (!output) return Response.json(asLeft(command));
  const kept = command.state === 'exited' ? events.get(id) : undefined;
  if (kept && output === '/events') {
    return keptEvents(kept, seqAskedFor({ path: rest + search, headers: request.headers }));
  }
  const stream = STREAM.exec(output)?.[1];
  if (kept && stream && !request.headers.has('range')) {
    const headers = { 'content-type': 'application/octet-stream' };
    return new Response(await keptOutput(kept, stream as 'stdout' | 'stderr'), { headers });
  }
  throw gone(asLeft(command));
}

/** Behind which seq a reader of events wants to begin. What is not a number reads as 0: the beginning. */
export function seqAskedFor({ path, headers }: { path: string; headers: Headers }): number {
  const query = new URLSearchParams(path.split('?')[1] ?? '');
  const seq = Number(query.get('after') ?? headers.get('last-event-id'));
  return Number.isSafeInteger(seq) && seq > 0 ? seq : 0;
}

/** A command whose container is gone: what was unfinished is lost, also before the next start notes it. */
export function asLeft(command: CommandInfo): CommandInfo {
  const unfinished = command.state === 'queued' || command.state === 'running';
  return unfinished ? { ...command, state: 'lost' } : command;
}

/** Why nothing more can be had of a command whose container is gone. */
export function gone({ state }: Pick<CommandInfo, 'state'>): HoldfastError {
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

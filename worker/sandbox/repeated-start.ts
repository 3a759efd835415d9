// A start with an id that an earlier generation took: it may have run there, so it never runs again.
// Storage answers what became of it.
import { HoldfastError } from '#protocol';
import type { Store } from '../store/store.ts';
import type { CommandStart } from './command-start.ts';
import { keptEvents, keptResult } from './kept-answer.ts';
import { toProcess } from './left-processes.ts';
import { asLeft, gone } from './lookups.ts';

/**
 * The stored answer; undefined where the engine of the generation `current` is the one to ask.
 *
 * @throws COMMAND_ID_CONFLICT, and COMMAND_LOST or COMMAND_EXPIRED where nothing is stored.
 */
export async function answerRepeat(
  store: Store,
  start: CommandStart,
  current: number,
): Promise<Response | undefined> {
  if (!start.given) return undefined;
  const { id } = start;
  const taken = store.ids.get(id);
  const told = store.commands.get(id);
  // Refused by its engine: it is in the history and never ran.
  const refused = told && told.startedAt === null && told.endedAt !== null;
  const generation = taken?.generation ?? (refused ? undefined : store.commands.generationOf(id));
  if (generation === undefined || generation >= current) return undefined;
  const same = taken
    ? taken.fingerprint === start.fingerprint
    : told?.sessionId === start.sessionId && told.mode === start.mode && told.command === start.command;
  if (!same) {
    throw new HoldfastError(
      'COMMAND_ID_CONFLICT',
      `The id ${id} belongs to another request; give each command its own id.`,
    );
  }
  const left = told && asLeft(told);
  if (!left || left.state === 'lost') throw gone({ state: 'lost' });
  if (left.mode === 'background') return Response.json(toProcess(left), { status: 201 });
  const events = store.events.get(id);
  if (!events) throw gone(left);
  return start.wantsStream ? keptEvents(events, 0) : Response.json(await keptResult(events, start));
}

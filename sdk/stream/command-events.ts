// The events of a command that somebody started before.
import type { Connection } from '../connection/connection.ts';
import { path } from '../path.ts';
import type { CommandEvent } from '../protocol/index.ts';
import { followCommand } from './follow-command.ts';

/** Where the events of a command are behind that seq. */
export function eventsPath(id: string, after: number): string {
  return `${path`/commands/${id}/events`}?after=${after}`;
}

/** Replays what is behind `after`, then follows up to the last event, over as many connections as it takes. */
export function commandEvents(
  connection: Connection,
  id: string,
  { after = 0, signal }: { after?: number | undefined; signal?: AbortSignal | undefined },
): AsyncGenerator<CommandEvent, void, undefined> {
  const resume = (seq: number) =>
    ({ method: 'GET', path: eventsPath(id, seq), repeat: 'always', signal }) as const;
  return followCommand(connection, { begin: resume(after), resume, after, signal });
}

// The changes of a watch under the names of `@cloudflare/sandbox`.
import type { FileEvent } from '../protocol/index.ts';

export type FileWatchSSEEvent =
  | { type: 'watching'; path: string; watchId: string }
  | {
      type: 'event';
      eventType: 'create' | 'modify' | 'delete' | 'move_from' | 'move_to' | 'attrib';
      path: string;
      isDirectory: boolean;
      /** ISO 8601. */
      timestamp: string;
    }
  | { type: 'error'; error: string }
  | { type: 'stopped'; reason: string };

export async function* watchEvents(
  path: string,
  changes: AsyncIterable<FileEvent>,
): AsyncGenerator<FileWatchSSEEvent, void, undefined> {
  yield { type: 'watching', path, watchId: crypto.randomUUID() };
  for await (const change of changes) {
    if (change.type === 'watching') continue;
    if (change.type === 'stopped') yield change;
    else if (change.type === 'overflow') {
      const missed = change.missed === null ? 'Changes' : `${change.missed} changes`;
      yield { type: 'error', error: `${missed} are missing here; look at the folder yourself.` };
    } else if (change.type === 'move') {
      const { path: newPath, oldPath, isDirectory, timestamp } = change;
      yield { type: 'event', eventType: 'move_from', path: oldPath, isDirectory, timestamp };
      yield { type: 'event', eventType: 'move_to', path: newPath, isDirectory, timestamp };
    } else {
      const { type: eventType, path: at, isDirectory, timestamp } = change;
      yield { type: 'event', eventType, path: at, isDirectory, timestamp };
    }
  }
}

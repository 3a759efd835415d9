// The bytes of one output event.
import type { CommandEvent } from '#protocol';

export type End = Extract<CommandEvent, { type: 'exit' | 'error' }>;

export function bytesOf(event: CommandEvent): Buffer {
  if (event.type !== 'stdout' && event.type !== 'stderr') return Buffer.alloc(0);
  return 'data' in event ? Buffer.from(event.data) : Buffer.from(event.dataBase64, 'base64');
}

// Server-sent events, decoded into typed command events. The bytes may be cut anywhere.
// Only what one chunk completed is held: the next chunk is read once the reader took it all.
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { CommandEvent } from '../events.ts';

/**
 * The events of a command's stream. It ends when the bytes end, whether or not a last event
 * (`exit` or `error`) came: the caller resumes from the last seq when none did. Events of
 * a name that this version does not know are skipped.
 *
 * Throws what reading the bytes throws, and a `SyntaxError` where an event's data is not JSON.
 *
 * @example
 * for await (const event of decodeEvents(response.body!)) {
 *   if (event.type === 'stdout' && 'data' in event) console.log(event.seq, event.data);
 * }
 */
export async function* decodeEvents(
  bytes: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<CommandEvent, void, undefined> {
  // One decoder and no pipe: a character may be cut by a chunk, and every runtime has these two.
  const text = new TextDecoder();
  let arrived: CommandEvent[] = [];
  const parser = createParser({
    onEvent(message) {
      const event = typed(message);
      if (event) arrived.push(event);
    },
  });
  for await (const chunk of 'getReader' in bytes ? chunksOf(bytes) : bytes) {
    parser.feed(text.decode(chunk, { stream: true }));
    const ready = arrived;
    arrived = [];
    yield* ready;
  }
}

/** Like the stream's own async iterator, which Safari does not have. */
async function* chunksOf(bytes: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = bytes.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Reached on a normal end too, where it does nothing; on an early one it tells the server.
    await reader.cancel().catch(ignoreStreamError);
  }
}

/** The stream's own error was already thrown by `read`; cancelling it again says the same. */
function ignoreStreamError(): void {}

function typed({ event: type, id, data }: EventSourceMessage): CommandEvent | undefined {
  switch (type) {
    case 'start':
    case 'exit':
    case 'error':
      return Object.assign({ type }, JSON.parse(data), { type });
    case 'stdout':
    case 'stderr':
      if (!id || !/^[0-9]+$/.test(id)) throw new SyntaxError(`a ${type} event has no seq`);
      return Object.assign({ type }, JSON.parse(data), { type, seq: Number(id) });
    default:
      return undefined;
  }
}

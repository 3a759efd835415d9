// The events of a watch. It cannot be resumed: what changes between two connections nobody has seen.
import { createParser } from 'eventsource-parser';
import { cutOff, FailedTry } from '../connection/failed-try.ts';
import { readChunks } from '../connection/read-chunks.ts';
import type { FileEvent } from '../protocol/index.ts';

interface Reading {
  silenceMs: number;
  signal?: AbortSignal | undefined;
}

/** Resolves once the folder is watched; the first event, which says so, is taken. */
export async function fileEvents(
  body: ReadableStream<Uint8Array>,
  reading: Reading,
): Promise<AsyncGenerator<FileEvent, void, undefined>> {
  const events = decoded(body, reading);
  await events.next();
  return events;
}

async function* decoded(
  body: ReadableStream<Uint8Array>,
  reading: Reading,
): AsyncGenerator<FileEvent, void, undefined> {
  const text = new TextDecoder();
  let arrived: FileEvent[] = [];
  const parser = createParser({ onEvent: ({ data }) => arrived.push(JSON.parse(data)) });
  try {
    for await (const chunk of readChunks(body, reading)) {
      parser.feed(text.decode(chunk, { stream: true }));
      const ready = arrived;
      arrived = [];
      for (const event of ready) {
        yield event;
        if (event.type === 'stopped') return;
      }
    }
    throw cutOff('the watch broke off');
  } catch (failure) {
    throw failure instanceof FailedTry ? failure.error : failure;
  }
}

// Server-sent events as streams of bytes: made from events, and read back into them.
import { createParser } from 'eventsource-parser';

const encoder = new TextEncoder();

/**
 * The events of a stream that `execStream`, `streamProcessLogs` or `watch` gave, in their order. Leaving the loop
 * cancels the stream; so does `signal`, whose reason is then thrown.
 *
 * @example
 * const stream = await sandbox.execStream('npm run build');
 * for await (const event of parseSSEStream<ExecEvent>(stream)) {
 *   if (event.type === 'stdout') console.log(event.data);
 * }
 */
export async function* parseSSEStream<T>(
  stream: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const text = new TextDecoder();
  const reader = stream.getReader();
  let arrived: T[] = [];
  const parser = createParser({ onEvent: ({ data }) => arrived.push(JSON.parse(data)) });
  const leave = () => void reader.cancel(signal?.reason).catch(ignoreStreamError);
  signal?.addEventListener('abort', leave, { once: true });
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) return;
      parser.feed(text.decode(value, { stream: true }));
      const ready = arrived;
      arrived = [];
      yield* ready;
    }
  } finally {
    signal?.removeEventListener('abort', leave);
    leave();
  }
}

/**
 * The same for an answer of a server.
 *
 * @example
 * for await (const event of responseToAsyncIterable<ExecEvent>(await fetch('/build'))) console.log(event);
 */
export async function* responseToAsyncIterable<T>(
  response: Response,
  signal?: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  if (!response.ok) throw new Error(`the server answered with ${response.status}`);
  if (response.body) yield* parseSSEStream<T>(response.body, signal);
}

/**
 * Events as a stream of bytes, made one at a time as they are read. Cancelling it leaves the events, once the next one
 * came; what ends the waiting for that is `leave`.
 *
 * @example
 * return new Response(asyncIterableToSSEStream(events), { headers: { 'content-type': 'text/event-stream' } });
 */
export function asyncIterableToSSEStream<T>(
  events: AsyncIterable<T>,
  { signal, serialize = JSON.stringify }: { signal?: AbortSignal; serialize?: (event: T) => string } = {},
  leave?: (reason: unknown) => void,
): ReadableStream<Uint8Array> {
  const iterator = events[Symbol.asyncIterator]();
  return new ReadableStream({
    // Of bytes, since a Durable Object's method can return no other.
    type: 'bytes',
    async pull(controller) {
      signal?.throwIfAborted();
      const { done, value } = await iterator.next();
      if (!done) return controller.enqueue(encoder.encode(`data: ${serialize(value)}\n\n`));
      controller.close();
      controller.byobRequest?.respond(0);
    },
    cancel(reason) {
      leave?.(reason);
      // It would wait for the event that is being waited for; nobody asks for it any more.
      void Promise.resolve(iterator.return?.()).catch(ignoreStreamError);
    },
  });
}

/** What a stream fails with was thrown by `read`. */
function ignoreStreamError(): void {}

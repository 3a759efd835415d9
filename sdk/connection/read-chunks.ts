// An answer's bytes, chunk by chunk, ended by the caller's signal, by silence, or by the server.
import { cutOff } from './failed-try.ts';

/**
 * The chunks of a body. Throws the signal's reason once it is aborted, and a `FailedTry` when the
 * connection breaks or says nothing for `silenceMs`. A reader who stops early closes the connection.
 */
export async function* readChunks(
  body: ReadableStream<Uint8Array>,
  { silenceMs, signal }: { silenceMs: number; signal?: AbortSignal | undefined },
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = body.getReader();
  let silent = false;
  // Not every runtime ends a body with the signal that was given to fetch; cancelling does it in all.
  const leave = () => void reader.cancel(signal?.reason).catch(ignoreStreamError);
  const giveUp = () => {
    silent = true;
    leave();
  };
  signal?.addEventListener('abort', leave, { once: true });
  try {
    for (;;) {
      signal?.throwIfAborted();
      const timer = setTimeout(giveUp, silenceMs);
      const { done, value } = await reader
        .read()
        .catch((cause) => {
          signal?.throwIfAborted();
          throw silent ? silence(silenceMs) : cutOff('the connection broke', cause);
        })
        .finally(() => clearTimeout(timer));
      signal?.throwIfAborted();
      if (silent) throw silence(silenceMs);
      if (done) return;
      yield value;
    }
  } finally {
    signal?.removeEventListener('abort', leave);
    leave();
  }
}

const silence = (ms: number) => cutOff(`the connection was silent for ${ms} ms`);

/** What the stream's error says was already thrown by `read`. */
function ignoreStreamError(): void {}

/** The chunks as one text. */
export async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  for await (const chunk of chunks) parts.push(decoder.decode(chunk, { stream: true }));
  return parts.join('') + decoder.decode();
}

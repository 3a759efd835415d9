// A request's body as bytes that come at the pace at which they are taken, and whose end is sure to be the end.
import type { IncomingMessage } from 'node:http';
import { BODY_END_HEADER, BODY_LENGTH_HEADER, HoldfastError } from '#protocol';

/** How much of a refused body is read before its sender is answered over it, or cut off. */
const DROPPED_BYTES = 4 * 1024 ** 3;

/** @throws CONNECTION_FAILED at the end, when that is not where the sender's was. */
export async function* uploaded(request: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
  const { [BODY_LENGTH_HEADER]: length, [BODY_END_HEADER]: mark } = request.headers;
  const chunks = received(request);
  let taken = 0;
  for await (const chunk of typeof mark === 'string' ? withoutMark(chunks, mark) : chunks) {
    taken += chunk.length;
    yield chunk;
  }
  if (typeof length === 'string' && taken !== Number(length)) throw brokenOff();
}

async function* received(request: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  } catch (error) {
    throw brokenOff(error);
  }
  if (!request.complete) throw brokenOff();
}

/** What comes before the mark; as much as the mark is long is held back until the end. */
export async function* withoutMark(
  chunks: AsyncIterable<Buffer>,
  mark: string,
): AsyncGenerator<Buffer, void, undefined> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (chunk.length >= mark.length) {
      if (held.length > 0) yield held;
      yield chunk.subarray(0, chunk.length - mark.length);
      // Copied: the chunk's memory may be used again.
      held = Buffer.from(chunk.subarray(chunk.length - mark.length));
      continue;
    }
    const both = Buffer.concat([held, chunk]);
    const over = Math.max(0, both.length - mark.length);
    if (over > 0) yield both.subarray(0, over);
    held = both.subarray(over);
  }
  if (held.toString('latin1') !== mark) throw brokenOff();
}

/** Runs `act`; where it refuses, the rest is read and dropped first, or a proxy would take the answer for a cut. */
export async function uploading<T>(request: IncomingMessage, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!request.readableEnded && !request.destroyed) await drop(request);
    throw error;
  }
}

async function drop(request: IncomingMessage): Promise<void> {
  let dropped = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      dropped += chunk.length;
      if (dropped > DROPPED_BYTES) return;
    }
  } catch {
    // it left: there is nobody to answer
  }
}

function brokenOff(cause?: unknown): HoldfastError {
  return new HoldfastError('CONNECTION_FAILED', 'the upload broke off; nothing was changed', { cause });
}

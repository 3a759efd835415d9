// A request's body as bytes that come at the pace at which they are taken.
import type { IncomingMessage } from 'node:http';
import { HoldfastError, LIMITS } from '#protocol';

/** How much of a refused body is read before its sender is answered over it. */
const DROPPED_BYTES = 8 * LIMITS.jsonBodyBytes;

/** @throws CONNECTION_FAILED when the sender leaves before its end. */
export async function* uploaded(request: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  } catch (error) {
    throw new HoldfastError('CONNECTION_FAILED', 'the upload broke off', { cause: error });
  }
  if (!request.complete) throw new HoldfastError('CONNECTION_FAILED', 'the upload broke off');
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

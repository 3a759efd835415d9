// Reads a request's body into memory, never more than the limit: the length is counted, not believed.
// What is too long is still read, and dropped, because a server that answers and closes while a client
// sends makes the client (and `wrangler dev`) see a broken connection in the place of the answer.
import { HoldfastError, LIMITS } from '#protocol';

/** How much of a refused body is read before its sender is cut off. */
const DROPPED_BYTES = 8 * LIMITS.jsonBodyBytes;

const tooLarge = () =>
  new HoldfastError(
    'PAYLOAD_TOO_LARGE',
    `A body is at most ${LIMITS.jsonBodyBytes} bytes; send large input to a command's stdin as raw bytes.`,
  );

/** The whole body, at most 4 MiB. Throws PAYLOAD_TOO_LARGE when it is longer. */
export async function readBody(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  if (!request.body) return new Uint8Array();
  // The usual case in one step: no transport hands over more than the length that it was told.
  const told = Number(request.headers.get('content-length') ?? Number.NaN);
  if (told <= LIMITS.jsonBodyBytes) return new Uint8Array(await request.arrayBuffer());
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body as ReadableStream<Uint8Array>) {
    length += chunk.byteLength;
    if (length <= LIMITS.jsonBodyBytes) chunks.push(chunk);
    else if (length > DROPPED_BYTES) break;
  }
  if (length > LIMITS.jsonBodyBytes) throw tooLarge();
  const body = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return body;
}

/** Reads and drops a body that nobody wants, so that its sender gets to read the answer. */
export async function dropBody(request: Request): Promise<void> {
  if (!request.body || request.bodyUsed) return;
  let length = 0;
  for await (const chunk of request.body as ReadableStream<Uint8Array>) {
    length += chunk.byteLength;
    if (length > DROPPED_BYTES) break;
  }
}

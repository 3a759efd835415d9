// An archive's bytes, whether or not gzip packed them.
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { invalid } from './tar-reader.ts';

/** gzip is told by its first two bytes (RFC 1952). */
export async function unzipped(content: AsyncIterable<Buffer>): Promise<AsyncIterable<Buffer>> {
  const chunks = content[Symbol.asyncIterator]();
  let first: Buffer = Buffer.alloc(0);
  while (first.length < 2) {
    const { value, done } = await chunks.next();
    if (done) break;
    first = Buffer.concat([first, value]);
  }
  const whole = startingWith(first, chunks);
  return first[0] === 0x1f && first[1] === 0x8b ? gunzipped(whole) : whole;
}

async function* startingWith(
  first: Buffer,
  rest: AsyncIterator<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  yield first;
  for (;;) {
    const { value, done } = await rest.next();
    if (done) return;
    yield value;
  }
}

async function* gunzipped(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const gunzip = createGunzip();
  let cut: unknown;
  pipeline(
    kept(chunks, (error) => (cut = error)),
    gunzip,
    () => {},
  ); // told by reading it
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (error) {
    if (cut) throw cut;
    if (/^Z_/.test((error as NodeJS.ErrnoException).code ?? '')) throw invalid('its compression is damaged');
    throw error;
  }
}

/** A stream tells of its source's failure in words of its own; this keeps the failure itself. */
async function* kept<T>(chunks: AsyncIterable<T>, onError: (error: unknown) => void): AsyncGenerator<T> {
  try {
    yield* chunks;
  } catch (error) {
    onError(error);
    throw error;
  }
}

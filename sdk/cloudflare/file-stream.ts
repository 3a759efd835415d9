// A file's content as server-sent events, the form in which `@cloudflare/sandbox` streams files, and back.
import { HoldfastError } from '../protocol/index.ts';
import { parseSSEStream } from './sse.ts';

export interface FileMetadata {
  mimeType: string;
  /** In bytes. */
  size: number;
  isBinary: boolean;
  encoding: 'utf-8' | 'base64';
}

export type FileStreamEvent =
  | ({ type: 'metadata' } & FileMetadata)
  | { type: 'chunk'; data: string }
  | { type: 'complete'; bytesRead: number }
  | { type: 'error'; error: string };

/** Text where it is text, else bytes. */
export type FileChunk = string | Uint8Array;

/**
 * `metadata`, the chunks, `complete`. What begins as text is told as text; bytes further on that are none end it with
 * `error`, for nothing that is not the file's is put in their place.
 */
export async function* fileStreamEvents(
  bytes: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<FileStreamEvent, void, undefined> {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let isBinary: boolean | undefined;
  let bytesRead = 0;
  for await (const chunk of bytes) {
    const data = isBinary ? undefined : decoded(text, chunk);
    if (isBinary === undefined) {
      isBinary = data === undefined || data.includes('\0');
      yield metadata(size, isBinary);
    }
    if (!isBinary && data === undefined) return yield notText(bytesRead);
    bytesRead += chunk.length;
    if (isBinary) yield { type: 'chunk', data: btoa(binary(chunk)) };
    else if (data) yield { type: 'chunk', data };
  }
  if (isBinary === undefined) yield metadata(size, false);
  if (!isBinary && decoded(text) === undefined) return yield notText(bytesRead);
  yield { type: 'complete', bytesRead };
}

/**
 * The chunks of a stream of `readFileStream`; its metadata is what the generator returns.
 *
 * @example
 * for await (const chunk of streamFile(await sandbox.readFileStream('/app/big.log'))) use(chunk);
 */
export async function* streamFile(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<FileChunk, FileMetadata, undefined> {
  let about: FileMetadata | undefined;
  let whole = false;
  for await (const event of parseSSEStream<FileStreamEvent>(stream)) {
    if (event.type === 'metadata') {
      const { type: _, ...metadata } = event;
      about = metadata;
    } else if (event.type === 'error') throw new HoldfastError('INVALID_REQUEST', event.error);
    else if (event.type === 'complete') whole = true;
    else yield about?.isBinary ? bytesOf(event.data) : event.data;
  }
  if (!about || !whole) throw new HoldfastError('CONNECTION_FAILED', 'the stream of the file broke off');
  return about;
}

/**
 * A whole file of a stream of `readFileStream`.
 *
 * @example
 * const { content, metadata } = await collectFile(await sandbox.readFileStream('/app/logo.png'));
 */
export async function collectFile(
  stream: ReadableStream<Uint8Array>,
): Promise<{ content: string | Uint8Array; metadata: FileMetadata }> {
  const chunks: FileChunk[] = [];
  const reading = streamFile(stream);
  for (;;) {
    const { done, value } = await reading.next();
    if (!done) chunks.push(value);
    else if (!value.isBinary) return { content: chunks.join(''), metadata: value };
    else {
      const whole = new Blob(chunks as Uint8Array<ArrayBuffer>[]);
      return { content: new Uint8Array(await whole.arrayBuffer()), metadata: value };
    }
  }
}

function metadata(size: number, isBinary: boolean): FileStreamEvent {
  const mimeType = isBinary ? 'application/octet-stream' : 'text/plain';
  return { type: 'metadata', mimeType, size, isBinary, encoding: isBinary ? 'base64' : 'utf-8' };
}

const notText = (at: number): FileStreamEvent => ({
  type: 'error',
  error: `The file begins as text but is none behind byte ${at}; read it with encoding 'none'.`,
});

function decoded(text: TextDecoder, chunk?: Uint8Array): string | undefined {
  try {
    return chunk ? text.decode(chunk, { stream: true }) : text.decode();
  } catch {
    return undefined; // the decoder says no more than that
  }
}

function binary(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 8192) {
    parts.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
  }
  return parts.join('');
}

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

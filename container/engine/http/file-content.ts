// A file's bytes to a client: the whole, or a range of them (RFC 9110, section 14), at the client's pace.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HoldfastError, LIMITS } from '#protocol';
import { ContentHash } from '../files/content-hash.ts';
import { etagOf, type OpenFile, openFile, piecesOf } from '../files/open-file.ts';
import { written } from './drained.ts';
import { parseRange } from './raw-output.ts';

export async function sendFile(
  path: string,
  { hash }: { hash: boolean },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const file = await openFile(path);
  try {
    const { size } = file;
    if (size > 0 && size <= LIMITS.hashedFileBytes)
      sendWhole(await file.handle.readFile(), file, request, response);
    else await sendPieces(file, hash ? await etagOf(file.handle) : undefined, request, response);
  } finally {
    await file.handle.close();
  }
}

function sendWhole(
  content: Buffer,
  file: OpenFile,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const etag = new ContentHash().add(content).etag();
  const { from, to } = begin({ ...file, size: content.length }, etag, request, response);
  response.end(content.subarray(from, to));
}

async function sendPieces(
  file: OpenFile,
  etag: string | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { from, to } = begin(file, etag, request, response);
  let at = from;
  for await (const piece of piecesOf(file.handle, from, to)) {
    if (response.destroyed) return;
    await written(response, piece);
    at += piece.length;
  }
  // Somebody cut the file short meanwhile: the client must not take this for the whole.
  if (at < to && to !== Number.POSITIVE_INFINITY) response.destroy();
  else response.end();
}

/** Sends the headers; answers which bytes are to follow. A file of /proc has no size: it is sent up to its end. */
function begin(
  { size, modifiedAt }: Pick<OpenFile, 'size' | 'modifiedAt'>,
  etag: string | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): { from: number; to: number } {
  const { range: wanted, 'if-range': condition } = request.headers;
  const range = condition === undefined || condition === etag ? parseRange(wanted, size) : undefined;
  if (range === 'unsatisfiable') {
    response.setHeader('content-range', `bytes */${size}`);
    throw new HoldfastError('RANGE_NOT_SATISFIABLE', `the file has ${size} bytes`);
  }
  const { from, to } = range ?? { from: 0, to: size === 0 ? Number.POSITIVE_INFINITY : size };
  response.writeHead(range ? 206 : 200, {
    'content-type': 'application/octet-stream',
    'accept-ranges': 'bytes',
    'last-modified': modifiedAt.toUTCString(),
    ...(etag === undefined ? {} : { etag }),
    ...(to === Number.POSITIVE_INFINITY ? {} : { 'content-length': to - from }),
    ...(range ? { 'content-range': `bytes ${from}-${to - 1}/${size}` } : {}),
  });
  return { from, to };
}

// The raw bytes of one stream of a command, whole or a range of them (RFC 9110, section 14).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HoldfastError } from '#protocol';
import type { Command } from '../command/command.ts';
import type { StreamName } from '../log/label.ts';
import type { Mark } from '../log/marks.ts';
import { unlabelStream } from '../log/unlabel.ts';
import { written } from './drained.ts';

const PAGE = 256 * 1024;

/**
 * Sends what the log holds now; of a command that runs, that is its output so far. Where the oldest bytes
 * have left the log, a whole download is what is kept, and `Holdfast-Lost-Bytes` says how many are missing.
 */
export async function sendRawOutput(
  command: Command,
  stream: StreamName,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { log } = command;
  const count = (mark: Mark) => (stream === 'stdout' ? mark.stdoutBytes : mark.stderrBytes);
  const total = count(log.end);
  const lost = count(log.head);
  const range = parseRange(request.headers.range, total);
  if (range === 'unsatisfiable' || (range && range.from < lost)) {
    response.setHeader('content-range', `bytes */${total}`);
    throw new HoldfastError('RANGE_NOT_SATISFIABLE', `the stream holds the bytes ${lost} to ${total}`);
  }
  const { from, to } = range ?? { from: lost, to: total };
  response.writeHead(range ? 206 : 200, {
    'content-type': 'application/octet-stream',
    'content-length': to - from,
    'accept-ranges': 'bytes',
    ...(lost > 0 ? { 'holdfast-lost-bytes': lost } : {}),
    ...(range ? { 'content-range': `bytes ${from}-${to - 1}/${total}` } : {}),
  });
  const mark = log.placeAtByte(from, count);
  const page = Buffer.allocUnsafe(PAGE);
  let { offset } = mark;
  let at = count(mark);
  while (at < to && !response.destroyed) {
    const lines = log.read(offset);
    // They left the log while a slow client took the ones before: it must not take this for the whole.
    if (lines.length === 0) response.destroy();
    offset += lines.length;
    const end = unlabelStream(lines, stream, page, 0);
    const piece = page.subarray(Math.max(0, from - at), Math.min(end, to - at));
    at += end;
    await written(response, piece);
  }
  response.end();
}

/** One range; several, or what is none, count as no range at all, as the RFC allows. */
export function parseRange(
  header: string | undefined,
  total: number,
): { from: number; to: number } | 'unsatisfiable' | undefined {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  if (!found || (found[1] === '' && found[2] === '')) return undefined;
  if (found[1] === '') {
    const length = Math.min(total, Number(found[2]));
    return length === 0 ? 'unsatisfiable' : { from: total - length, to: total };
  }
  const from = Number(found[1]);
  const to = found[2] === '' ? total : Math.min(total, Number(found[2]) + 1);
  if (found[2] !== '' && Number(found[2]) < from) return undefined;
  return from >= total ? 'unsatisfiable' : { from, to };
}

// The result of an exec as JSON. Output up to 8 MiB a stream is inline; of more, the head and the tail.
// It is written in pieces, so that large output is never in memory as one string.
import { isUtf8 } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import type { Command } from '../command/command.ts';
import { continuationBytes, cutCharacterBytes, type StreamName } from '../log/label.ts';
import type { Mark } from '../log/marks.ts';
import { unlabelStream } from '../log/unlabel.ts';
import { masked } from '../secrets/masks.ts';
import { drained } from './drained.ts';

/** One stream's bytes as far as they go inline. */
interface Inline {
  parts: Buffer[];
  truncated: boolean;
  utf8: boolean;
}

const PIECE = 256 * 1024;

let page = Buffer.allocUnsafe(PIECE);

/** Writes the body and ends the response; headers are sent already if the wait was long. */
export async function sendResult(command: Command, most: number, response: ServerResponse): Promise<void> {
  const { stdoutBytes, stderrBytes, ...rest } = command.exit!;
  const outputs = {
    stdout: inline(command, 'stdout', stdoutBytes, most),
    stderr: inline(command, 'stderr', stderrBytes, most),
  };
  const fields = {
    ...identity(command),
    ...rest,
    stdoutBytes,
    stderrBytes,
    truncated: outputs.stdout.truncated || outputs.stderr.truncated,
    startedAt: command.startedAt!.toISOString(),
  };
  await sendWithOutput(fields, outputs, response);
}

/** The answer to a caller who goes on without the end: the output so far, and where to read on. */
export async function sendYielded(command: Command, most: number, response: ServerResponse): Promise<void> {
  const { log, state, startedAt } = command;
  const { seq, stdoutBytes, stderrBytes } = log.end;
  log.given(log.end);
  const outputs = {
    stdout: inline(command, 'stdout', stdoutBytes, most),
    stderr: inline(command, 'stderr', stderrBytes, most),
  };
  const fields = {
    ...identity(command),
    state,
    stdoutBytes,
    stderrBytes,
    truncated: outputs.stdout.truncated || outputs.stderr.truncated,
    nextSeq: seq,
    startedAt: startedAt?.toISOString() ?? null,
  };
  await sendWithOutput(fields, outputs, response);
}

function identity({ id, request, shownText }: Command) {
  return { id, sessionId: request.sessionId, command: shownText };
}

async function sendWithOutput(
  fields: object,
  outputs: Record<StreamName, Inline>,
  response: ServerResponse,
): Promise<void> {
  const size = [...outputs.stdout.parts, ...outputs.stderr.parts].reduce(
    (sum, { length }) => sum + length,
    0,
  );
  if (size <= PIECE) {
    const body = JSON.stringify({
      ...fields,
      ...small('stdout', outputs.stdout),
      ...small('stderr', outputs.stderr),
    });
    if (!response.headersSent) response.setHeader('content-length', Buffer.byteLength(body));
    response.end(body);
    return;
  }
  response.write(JSON.stringify(fields).slice(0, -1));
  for (const name of ['stdout', 'stderr'] as const) {
    const { parts, utf8 } = outputs[name];
    await writePieces(response, `,"${name}":"`, textPieces(parts));
    if (!utf8) await writePieces(response, `,"${name}Base64":"`, base64Pieces(parts));
  }
  response.end('}');
}

function small(name: StreamName, { parts, utf8 }: Inline): Record<string, string> {
  const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  return { [name]: bytes.toString(), ...(utf8 ? {} : { [`${name}Base64`]: bytes.toString('base64') }) };
}

/** The first `total` bytes of a stream, or of more than `most` their head and tail, cut between characters. */
function inline(command: Command, stream: StreamName, total: number, most: number): Inline {
  if (total === 0) return { parts: [Buffer.alloc(0)], truncated: false, utf8: true };
  if (total <= most) {
    const bytes = readShown(command, stream, 0, total, total);
    return { parts: [bytes], truncated: false, utf8: isUtf8(bytes) };
  }
  const first = readShown(command, stream, 0, Math.ceil(most / 2), total);
  const last = readShown(command, stream, total - Math.floor(most / 2), total, total);
  const head = first.subarray(0, first.length - cutCharacterBytes(first));
  const tail = last.subarray(continuationBytes(last));
  const left = total - head.length - tail.length;
  const line = `\n[${left} bytes left out; the whole is at /commands/${command.id}/output/${stream}]\n`;
  return { parts: [head, Buffer.from(line), tail], truncated: true, utf8: isUtf8(head) && isUtf8(tail) };
}

/**
 * Bytes [from, to) of one stream of `total`, without secrets; one that the borders cut is told by who has its beginning.
 * The end of a command that runs may be the beginning of one, and is masked then.
 */
function readShown(command: Command, stream: StreamName, from: number, to: number, total: number): Buffer {
  const { masks } = command;
  if (masks.isEmpty) return readRange(command, stream, from, to);
  const start = Math.max(0, from - masks.longest * 2);
  const bytes = readRange(command, stream, start, Math.min(total, to + masks.longest));
  const flags = masks.covered(bytes) ?? new Uint8Array(bytes.length);
  if (!command.ended) flags.fill(1, bytes.length - masks.begun(bytes));
  return masked(bytes, flags, from - start, Math.min(bytes.length, to - start));
}

/** Bytes [from, to) of one stream, from the log. */
function readRange(command: Command, stream: StreamName, from: number, to: number): Buffer {
  const { log } = command;
  const out = Buffer.allocUnsafe(to - from);
  const count = (mark: Mark) => (stream === 'stdout' ? mark.stdoutBytes : mark.stderrBytes);
  const mark = log.placeAtByte(from, count);
  let { offset } = mark;
  let at = count(mark) - from;
  while (at < out.length) {
    const lines = log.read(offset);
    if (lines.length === 0) break;
    offset += lines.length;
    if (page.length < lines.length) page = Buffer.allocUnsafe(lines.length);
    const size = unlabelStream(lines, stream, page, 0);
    const skip = Math.max(0, -at);
    if (skip < size) page.copy(out, Math.max(0, at), skip, Math.min(size, out.length - at));
    at += size;
  }
  // Short if the log was removed meanwhile: memory that nothing was written to is never sent.
  return out.subarray(0, Math.max(0, Math.min(at, out.length)));
}

async function writePieces(
  response: ServerResponse,
  before: string,
  pieces: Iterable<string>,
): Promise<void> {
  response.write(before);
  for (const piece of pieces) {
    if (response.destroyed) return;
    response.write(piece);
    await drained(response);
  }
  response.write('"');
}

function* textPieces(parts: Buffer[]): Generator<string> {
  for (const part of parts) {
    for (let at = 0; at < part.length; ) {
      let end = Math.min(part.length, at + PIECE);
      if (end < part.length) end -= cutCharacterBytes(part.subarray(at, end));
      yield JSON.stringify(part.toString('utf8', at, end)).slice(1, -1);
      at = end;
    }
  }
}

function* base64Pieces(parts: Buffer[]): Generator<string> {
  const bytes = Buffer.concat(parts);
  const step = 3 * 64 * 1024; // a multiple of three has no padding
  for (let at = 0; at < bytes.length; at += step)
    yield bytes.toString('base64', at, Math.min(bytes.length, at + step));
}

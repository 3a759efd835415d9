// A page of a command's output: what a poll gets.
import { isUtf8 } from 'node:buffer';
import type { OutputPage } from '#protocol';
import type { CommandLog } from '../log/command-log.ts';
import { continuationBytes, cutCharacterBytes, type StreamName } from '../log/label.ts';
import type { Mark } from '../log/marks.ts';
import { takeRuns } from '../log/unlabel.ts';
import { readMasked } from '../secrets/masked-lines.ts';
import { Masks } from '../secrets/masks.ts';
import type { Command } from './command.ts';

export interface PageRequest {
  /** The last seq that the reader has. */
  since: number;
  /** The page ends before more data bytes than that; it holds at least one line. */
  maxBytes: number;
  /** The page holds all there is, but of more than that only head and tail, cut between characters. */
  maxOutputBytes?: number;
  /** Secrets are left as they are. */
  raw?: boolean;
}

interface Source {
  log: CommandLog;
  masks: Masks;
  /** Nothing more will be written. */
  final: boolean;
}

const NO_MASKS = new Masks();

/** Consecutive bytes of one stream, with the seq of their last line. */
interface Piece {
  stream: StreamName;
  seq: number;
  data: Buffer;
}

interface Part {
  pieces: Piece[];
  end: Mark;
}

const total = (mark: Mark) => mark.stdoutBytes + mark.stderrBytes;

/**
 * What follows `since`. The next page, asked for with this one's `nextSeq`, follows without a gap.
 *
 * @example
 * const { chunks, nextSeq, alive } = readPage(command, { since: 0, maxBytes: 65_536 });
 */
export function readPage(
  command: Command,
  { since, maxBytes, maxOutputBytes, raw = false }: PageRequest,
): OutputPage {
  const { log } = command;
  const source = { log, masks: raw ? NO_MASKS : command.masks, final: command.ended };
  const asked = log.placeAfter(since);
  const start = asked.offset < log.head.offset ? log.head : asked;
  const lostBytes = total(start) - total(asked);
  const all = total(log.end) - total(start);
  const cut = maxOutputBytes !== undefined && all > maxOutputBytes;
  const { pieces, end } = cut
    ? headAndTail(source, start, maxOutputBytes)
    : take(source, start, maxOutputBytes ?? maxBytes);
  log.given(end);
  const complete = end.offset === log.size;
  return {
    chunks: pieces.map(({ stream, seq, data }) => ({ stream, seq, ...encoded(data) })),
    nextSeq: end.seq,
    exitCode: command.exit?.exitCode ?? null,
    alive: !(command.ended && complete),
    truncated: !complete || lostBytes > 0 || cut,
    lostBytes,
    ...(cut ? { omittedBytes: all - pieces.reduce((sum, { data }) => sum + data.length, 0) } : {}),
  };
}

/** Lines from `start` on, as many as fit into `room` bytes, and at least one if there is one. */
function take(source: Source, start: Mark, room: number): Part {
  const pieces: Piece[] = [];
  let end = start;
  for (;;) {
    const next = step(source, end, room - (total(end) - total(start)));
    if (!next || (next.over && pieces.length > 0)) return { pieces, end };
    pieces.push(...next.pieces);
    end = next.end;
    if (!next.more) return { pieces, end };
  }
}

/** One read's worth of lines that fit into `room`; the first whatever its size, and then it may be `over`. */
function step(
  source: Source,
  from: Mark,
  room: number,
): (Part & { over: boolean; more: boolean }) | undefined {
  const { log } = source;
  if (!source.masks.isEmpty) return maskedStep(source, from, room);
  const lines = log.read(from.offset);
  if (lines.length === 0) return undefined;
  const { runs, size, dataBytes, lines: count } = takeRuns(lines, room);
  let { stdoutBytes, stderrBytes } = from;
  for (const { stream, data } of runs) {
    if (stream === 'stdout') stdoutBytes += data.length;
    else stderrBytes += data.length;
  }
  return {
    pieces: runs.map(({ stream, data, at }) => ({ stream, seq: from.seq + at, data })),
    end: { offset: from.offset + size, seq: from.seq + count, stdoutBytes, stderrBytes },
    over: dataBytes > room,
    more: size === lines.length,
  };
}

/** A step without secrets: of masked lines as many as fit, and the place in the log that they lead to. */
function maskedStep({ log, masks, final }: Source, from: Mark, room: number) {
  const { lines, end: all } = readMasked({ log, masks, from, final });
  if (lines.length === 0) return undefined;
  const { runs, size, dataBytes, lines: count } = takeRuns(lines, room);
  return {
    pieces: runs.map(({ stream, data, at }) => ({ stream, seq: from.seq + at, data })),
    end: size === lines.length ? all : log.behind(from, count),
    over: dataBytes > room,
    more: size === lines.length,
  };
}

/** Of all that follows `start` the first and the last bytes, together at most `most`. */
function headAndTail(source: Source, start: Mark, most: number): Part {
  const first = Math.ceil(most / 2);
  const { log } = source;
  const head = take(source, start, first);
  // The line that crosses the border is cut.
  const crossing = total(head.end) - total(start) < first ? (step(source, head.end, 0)?.pieces ?? []) : [];
  const from = total(log.end) - Math.floor(most / 2);
  const place = placeBefore(source, start, from);
  const tail = take(source, place, Number.POSITIVE_INFINITY);
  return {
    pieces: [...firstOf([...head.pieces, ...crossing], first), ...without(tail.pieces, from - total(place))],
    end: tail.end,
  };
}

/** The start of the line in which byte number `wanted` of both streams is; not before `start`. */
function placeBefore(source: Source, start: Mark, wanted: number): Mark {
  const known = source.log.placeAtByte(wanted, total);
  let place = known.offset < start.offset ? start : known;
  for (;;) {
    const next = step(source, place, wanted - total(place));
    if (!next || next.over) return place;
    place = next.end;
    if (!next.more) return place;
  }
}

/** The first `bytes` of the pieces. */
function firstOf(pieces: Piece[], bytes: number): Piece[] {
  let left = bytes;
  return pieces.flatMap((piece) => {
    const part = piece.data.subarray(0, left);
    const data =
      part.length < piece.data.length ? part.subarray(0, part.length - cutCharacterBytes(part)) : part;
    left -= part.length;
    return data.length > 0 ? [{ ...piece, data }] : [];
  });
}

/** The pieces without their first `bytes`. */
function without(pieces: Piece[], bytes: number): Piece[] {
  let left = bytes;
  return pieces.flatMap((piece) => {
    const part = piece.data.subarray(Math.min(left, piece.data.length));
    const data = left > 0 ? part.subarray(continuationBytes(part)) : part;
    left = Math.max(0, left - piece.data.length);
    return data.length > 0 ? [{ ...piece, data }] : [];
  });
}

function encoded(bytes: Buffer): { data: string } | { dataBase64: string } {
  return isUtf8(bytes) ? { data: bytes.toString() } : { dataBase64: bytes.toString('base64') };
}

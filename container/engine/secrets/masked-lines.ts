// Lines of a command's log without secret values: as many lines, so that a seq means the same line to everybody.
// Invariant: what a line becomes does not depend on where a reader began, and no line is given before it is known,
// but for what follows after `final`, or behind more output of the other stream than is looked at.
import type { CommandLog } from '../log/command-log.ts';
import { STREAM_CODE } from '../log/label.ts';
import type { Mark } from '../log/marks.ts';
import { type Masks, masked } from './masks.ts';

const NEWLINE = 10;
/** A value whose halves are further apart, with output of the other stream between, is not found by who begins there. */
const NEIGHBOURHOOD = 256 * 1024;

export interface MaskedLines {
  /** Labelled as in the log. Good until the next read of any log. */
  lines: Buffer;
  /** The place behind them in the log. */
  end: Mark;
}

export interface Place {
  log: CommandLog;
  masks: Masks;
  /** A line's start. */
  from: Mark;
  /** Where to stop at the latest. */
  end?: number;
  /** What is there is all: nothing is held back. */
  final: boolean;
}

/** A line of the log. */
interface Line {
  stdout: boolean;
  /** Of its data in its stream's bytes; the newline belongs to it where `owns`. */
  start: number;
  stop: number;
  owns: boolean;
  /** Behind the line, in the bytes that were read. */
  behind: number;
}

/** Lines from the place on; none where nothing is known yet, or nothing is there. */
export function readMasked({ log, masks, from, end = log.size, final }: Place): MaskedLines {
  const before = neighbourhood(log, from);
  let wanted = Buffer.from(log.read(from.offset, end));
  for (;;) {
    const more = Buffer.from(log.read(from.offset + wanted.length, end));
    const isAll = more.length === 0;
    const found = mask({ before, wanted, from }, masks, isAll ? final : wanted.length > NEIGHBOURHOOD * 2);
    if (found.end.offset > from.offset || isAll) return found;
    wanted = Buffer.concat([wanted, more]);
  }
}

/** The lines before a place. */
function neighbourhood(log: CommandLog, from: Mark): Buffer {
  const total = (mark: Mark) => mark.stdoutBytes + mark.stderrBytes;
  const parts: Buffer[] = [];
  let { offset } = log.placeAtByte(Math.max(0, total(from) - NEIGHBOURHOOD), total);
  while (offset < from.offset) {
    const lines = log.read(offset, from.offset);
    if (lines.length === 0) break;
    parts.push(Buffer.from(lines));
    offset += lines.length;
  }
  return Buffer.concat(parts);
}

interface Read {
  before: Buffer;
  wanted: Buffer;
  from: Mark;
}

function mask({ before, wanted, from }: Read, masks: Masks, final: boolean): MaskedLines {
  const { lines, stdout, stderr } = taken(Buffer.concat([before, wanted]));
  const known = (bytes: Buffer) => (final ? bytes.length : bytes.length - masks.begun(bytes));
  const streams = {
    stdout: { bytes: stdout, flags: masks.covered(stdout), known: known(stdout) },
    stderr: { bytes: stderr, flags: masks.covered(stderr), known: known(stderr) },
  };
  const out: Buffer[] = [];
  let end = from;
  for (const line of lines) {
    if (line.behind <= before.length) continue;
    const { bytes, flags, known } = line.stdout ? streams.stdout : streams.stderr;
    const { start, stop } = line;
    if (stop > known) break;
    const data = flags ? masked(bytes, flags, start, stop) : bytes.subarray(start, stop);
    out.push(labelled(data, line));
    end = {
      offset: from.offset + line.behind - before.length,
      seq: end.seq + 1,
      stdoutBytes: end.stdoutBytes + (line.stdout ? stop - start : 0),
      stderrBytes: end.stderrBytes + (line.stdout ? 0 : stop - start),
    };
  }
  return { lines: Buffer.concat(out), end };
}

/** Masked data as log lines cannot hold a newline but at their end, where a value does not either. */
function labelled(data: Buffer, { stdout, owns }: Line): Buffer {
  const code = stdout ? STREAM_CODE.stdout : STREAM_CODE.stderr;
  const ends = owns && data.at(-1) === NEWLINE;
  return ends
    ? Buffer.concat([Buffer.of(code, code, code), data])
    : Buffer.concat([Buffer.of(code, code, 0), data, Buffer.of(NEWLINE)]);
}

/** The two streams of whole labelled lines, and where each line's data is in them. */
function taken(all: Buffer): { lines: Line[]; stdout: Buffer; stderr: Buffer } {
  const parts: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  const sizes = { stdout: 0, stderr: 0 };
  const lines: Line[] = [];
  for (let at = 0; at < all.length; ) {
    const behind = all.indexOf(NEWLINE, at + 3) + 1;
    const name = all[at] === STREAM_CODE.stdout ? 'stdout' : 'stderr';
    const owns = all[at + 2] === all[at];
    const data = all.subarray(at + 3, owns ? behind : behind - 1);
    const start = sizes[name];
    sizes[name] += data.length;
    parts[name].push(data);
    lines.push({ stdout: name === 'stdout', start, stop: sizes[name], owns, behind });
    at = behind;
  }
  return { lines, stdout: Buffer.concat(parts.stdout), stderr: Buffer.concat(parts.stderr) };
}

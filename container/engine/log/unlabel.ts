// Turns log lines back into the bytes of two streams. Pure.
import { asBuffer, LONG_LINE, STREAM_CODE } from './label.ts';

const NEWLINE = 10;

/** Consecutive lines of one stream. */
export interface Run {
  stream: 'stdout' | 'stderr';
  /** The stream's bytes; good until the next run is taken. */
  data: Buffer;
  /** How many log lines it stands for. */
  lines: number;
}

/**
 * The runs of whole log lines, in order. `lines` ends with a newline (or is empty); `scratch`
 * holds at least as many bytes as `lines` and is reused from run to run. A run holds at most `mostLines`.
 */
export function* unlabel(
  lines: Uint8Array,
  scratch: Buffer,
  mostLines = Infinity,
): Generator<Run, void, undefined> {
  const length = lines.length;
  let i = 0;
  let filled = 0;
  let count = 0;
  let current = 0;
  while (i < length) {
    const code = lines[i]!;
    if ((code !== current && count > 0) || count === mostLines) {
      yield { stream: name(current), data: scratch.subarray(0, filled), lines: count };
      filled = 0;
      count = 0;
    }
    current = code;
    const ownsNewline = lines[i + 2] === code;
    i += 3;
    let byte = lines[i++]!;
    while (byte !== NEWLINE) {
      scratch[filled++] = byte;
      byte = lines[i++]!;
    }
    if (ownsNewline) scratch[filled++] = NEWLINE;
    count++;
  }
  if (count > 0) yield { stream: name(current), data: scratch.subarray(0, filled), lines: count };
}

/** Some of the lines, as many as fit into `room` data bytes, and the first whatever its size. */
export function takeRuns(
  lines: Uint8Array,
  room: number,
): { runs: (Run & { at: number })[]; size: number; dataBytes: number; lines: number } {
  const data = Buffer.allocUnsafe(lines.length);
  const runs: (Run & { at: number })[] = [];
  let from = 0;
  let filled = 0;
  let size = 0;
  let count = 0;
  while (size < lines.length) {
    const end = lines.indexOf(NEWLINE, size) + 1;
    const ownsNewline = lines[size + 2] === lines[size];
    const length = end - size - 3 - (ownsNewline ? 0 : 1);
    if (count > 0 && filled + length > room) break;
    const stream = name(lines[size]!);
    let run = runs.at(-1);
    if (run?.stream !== stream) {
      from = filled;
      run = { stream, data: EMPTY, lines: 0, at: 0 };
      runs.push(run);
    }
    data.set(lines.subarray(size + 3, size + 3 + length), filled);
    filled += length;
    size = end;
    count++;
    run.data = data.subarray(from, filled);
    run.lines++;
    run.at = count;
  }
  return { runs, size, dataBytes: filled, lines: count };
}

const EMPTY = Buffer.alloc(0);

/** Bytes of one stream in whole log lines, appended to `into` at `at`; answers the new end. */
export function unlabelStream(
  labelled: Uint8Array,
  stream: 'stdout' | 'stderr',
  to: Uint8Array,
  at: number,
): number {
  const wanted = STREAM_CODE[stream];
  const lines = asBuffer(labelled);
  const into = asBuffer(to);
  const length = lines.length;
  let long = false;
  let end = at;
  let i = 0;
  while (i < length) {
    const code = lines[i]!;
    const ownsNewline = lines[i + 2] === code;
    i += 3;
    const start = i;
    if (long || code !== wanted) {
      i = lines.indexOf(NEWLINE, i) + 1;
      if (code === wanted) {
        const stop = ownsNewline ? i : i - 1;
        lines.copy(into, end, start, stop);
        end += stop - start;
      }
    } else {
      let byte = lines[i++]!;
      while (byte !== NEWLINE) {
        into[end++] = byte;
        byte = lines[i++]!;
      }
      if (ownsNewline) into[end++] = NEWLINE;
    }
    long = i - start >= LONG_LINE;
  }
  return end;
}

function name(code: number): 'stdout' | 'stderr' {
  return code === STREAM_CODE.stdout ? 'stdout' : 'stderr';
}

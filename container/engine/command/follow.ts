// The output of one command for one reader: replay from the log, then follow, at the reader's own pace.
// A slow reader holds back nobody: it reads the log when it can.
import type { ServerResponse } from 'node:http';
import { type Run, unlabel } from '../log/unlabel.ts';
import { readMasked } from '../secrets/masked-lines.ts';
import { Masks } from '../secrets/masks.ts';
import type { Command } from './command.ts';

/** What lines of a log stand for. */
export interface Counts {
  lines: number;
  stdoutBytes: number;
  stderrBytes: number;
}

/** Hands whole lines and the seq before them to `decode`, once. */
export type Page = <T extends Counts>(decode: (lines: Buffer, seq: number) => T) => T;

let scratch = Buffer.allocUnsafe(256 * 1024);

/** Calls `visit` with each run of the lines, whose bytes are good until it returns. */
export function eachRun(lines: Buffer, visit: (run: Run) => void): Counts {
  if (scratch.length < lines.length) scratch = Buffer.allocUnsafe(lines.length);
  const counts = { lines: 0, stdoutBytes: 0, stderrBytes: 0 };
  for (const run of unlabel(lines, scratch)) {
    counts.lines += run.lines;
    if (run.stream === 'stdout') counts.stdoutBytes += run.data.length;
    else counts.stderrBytes += run.data.length;
    visit(run);
  }
  return counts;
}

const NO_MASKS = new Masks();

export class OutputFollower {
  readonly #command: Command;
  readonly #after: number;
  readonly #raw: boolean;
  /** Bytes of both streams that had left the log before this reader came to them. */
  lostBytes = 0;

  /** `after` is the last seq that the reader has; `raw` leaves secrets as they are. */
  constructor(command: Command, after: number, raw = false) {
    this.#command = command;
    this.#after = after;
    this.#raw = raw;
  }

  /**
   * Pages of the log, until the command has ended and all its events' output was given, or `reader` went away.
   * A page is consumed at once, before the next is asked for: its bytes are reused.
   */
  async *pages(reader: ServerResponse): AsyncGenerator<Page> {
    const { log } = this.#command;
    const wake = new Wake();
    const stop = this.#command.onChange(() => wake.up());
    reader.once('close', () => wake.up());
    try {
      while (this.#command.state === 'queued' && !reader.destroyed) await wake.next();
      let { offset, seq, stdoutBytes, stderrBytes } = log.placeAfter(this.#after);
      while (!reader.destroyed) {
        const { ended } = this.#command;
        if (offset < log.head.offset) {
          this.lostBytes -= stdoutBytes + stderrBytes;
          ({ offset, seq, stdoutBytes, stderrBytes } = log.head);
          this.lostBytes += stdoutBytes + stderrBytes;
        }
        const from = offset;
        const end = endOffset(this.#command);
        if (offset < end) {
          const masks = this.#raw ? NO_MASKS : this.#command.masks;
          yield (decode) => {
            // Read when it is consumed: before that other readers have their turn, and use the same memory.
            const from = { offset, seq, stdoutBytes, stderrBytes };
            if (!masks.isEmpty) {
              const masked = readMasked({ log, masks, from, end, final: ended });
              ({ offset, seq, stdoutBytes, stderrBytes } = masked.end);
              return decode(masked.lines, from.seq);
            }
            const lines = log.read(offset, end);
            const decoded = decode(lines, seq);
            offset += lines.length;
            seq += decoded.lines;
            stdoutBytes += decoded.stdoutBytes;
            stderrBytes += decoded.stderrBytes;
            return decoded;
          };
        }
        if (offset === from) {
          if (ended) return;
          await wake.next();
          continue;
        }
        // A client that is cut off comes back with a seq from about here.
        log.given({ offset, seq, stdoutBytes, stderrBytes });
      }
    } finally {
      stop();
    }
  }
}

/** Later output of a foreground command's background children is in the log, but not in the events. */
function endOffset({ log, endSeq }: Command): number {
  return endSeq !== undefined && endSeq < log.seq ? log.placeAfter(endSeq).offset : log.size;
}

/** Many wake-ups between two looks are one. */
class Wake {
  #awake = false;
  #resolve: (() => void) | undefined;

  up(): void {
    this.#awake = true;
    this.#resolve?.();
  }

  async next(): Promise<void> {
    if (!this.#awake) {
      await new Promise<void>((resolve) => {
        this.#resolve = resolve;
      });
    }
    this.#resolve = undefined;
    this.#awake = false;
  }
}

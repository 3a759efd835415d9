// What git writes to stderr, taken apart: its progress as values, and the rest, which tells why it failed. Pure.
import type { GitProgress } from '#protocol';

/** git(1)'s own, and those of the servers that are around. What else a server says is no progress. */
const LINE =
  /^(?:remote: )?(Enumerating objects|Counting objects|Compressing objects|Finding sources|Getting sizes|Receiving objects|Unpacking objects|Resolving deltas|Updating files|Filtering content|Checking connectivity|Checking objects):\s+(?:(\d+)% \((\d+)\/(\d+)\)|(\d+))(?:, ([\d.]+) (bytes|KiB|MiB|GiB))?/;
const UNITS: Record<string, number> = { bytes: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
/** A line is not to grow without an end, and of many the last ones tell. */
const LINE_LENGTH = 4_096;
const KEPT_LINES = 40;

export class GitStderr {
  #rest = '';
  readonly #lines: string[] = [];

  /** Takes what was written, and returns the progress that it tells. */
  take(text: string): GitProgress[] {
    const lines = (this.#rest + text).split(/[\r\n]/);
    this.#rest = lines.pop()!.slice(0, LINE_LENGTH);
    return lines.flatMap((line) => {
      const progress = progressIn(line);
      if (!progress) this.#keep(line);
      return progress ?? [];
    });
  }

  /** The lines that are no progress, the last ones of them. */
  get complaint(): string[] {
    return [...this.#lines, this.#rest].map((line) => line.trim()).filter((line) => line !== '');
  }

  #keep(line: string): void {
    this.#lines.push(line.slice(0, LINE_LENGTH));
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
  }
}

/** One line's progress; undefined for anything else. */
export function progressIn(line: string): GitProgress | undefined {
  const [, phase, percent, count, total, alone, amount, unit] = LINE.exec(line) ?? [];
  if (phase === undefined) return undefined;
  return {
    phase,
    count: Number(count ?? alone),
    ...(percent === undefined ? {} : { percent: Number(percent), total: Number(total) }),
    ...(amount === undefined ? {} : { receivedBytes: Math.round(Number(amount) * UNITS[unit!]!) }),
  };
}

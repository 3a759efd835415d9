// Looks for something in a process's output: in each stream by itself, across the borders of lines and reads. Pure.
import type { OutputMatch } from '#protocol';
import { STREAM_CODE, type StreamName } from '../log/label.ts';

/** Where in a text something was found. */
export interface Found {
  index: number;
  text: string;
  groups: (string | null)[];
}

/** Finds the first at or behind `from`. */
export type Find = (text: string, from: number) => Found | undefined;

/** Characters of a stream that are looked at again with what follows: no match is longer. */
const WINDOW = 64 * 1024;
const NEWLINE = 10;

export class OutputSearch {
  readonly #find: Find;
  readonly #streams = { stdout: new Window(), stderr: new Window() };

  constructor(find: Find) {
    this.#find = find;
  }

  /** Whole log lines that follow line `after`; answers the match that ends first, and the last line's seq. */
  feed(lines: Buffer, after: number): { match: OutputMatch | undefined; seq: number } {
    let seq = after;
    for (let at = 0; at < lines.length; ) {
      const code = lines[at]!;
      const end = lines.indexOf(NEWLINE, at + 3) + 1;
      const ownsNewline = lines[at + 2] === code;
      seq++;
      const name: StreamName = code === STREAM_CODE.stdout ? 'stdout' : 'stderr';
      this.#streams[name].add(lines.toString('utf8', at + 3, ownsNewline ? end : end - 1), seq);
      at = end;
    }
    const matches = (['stdout', 'stderr'] as const).flatMap((stream) => {
      const found = this.#streams[stream].look(this.#find);
      return found ? [{ stream, ...found }] : [];
    });
    return { match: matches.sort((a, b) => a.nextSeq - b.nextSeq)[0], seq };
  }
}

/** The end of one stream's text, with the lines that it came in. */
class Window {
  #text = '';
  #new: string[] = [];
  #length = 0;
  #lines: { end: number; seq: number }[] = [];
  /** The first character is there only to tell what stands before the second. */
  #slid = false;

  add(text: string, seq: number): void {
    this.#new.push(text);
    this.#length += text.length;
    this.#lines.push({ end: this.#length, seq });
  }

  look(find: Find): Omit<OutputMatch, 'stream'> | undefined {
    if (this.#new.length === 0) return undefined;
    this.#text += this.#new.join('');
    this.#new = [];
    const found = find(this.#text, this.#slid ? 1 : 0);
    if (found) {
      const end = found.index + found.text.length;
      const line = this.#lines.find((one) => one.end >= end)!;
      return { text: found.text, groups: found.groups, nextSeq: line.seq };
    }
    this.#slide();
    return undefined;
  }

  #slide(): void {
    const leaving = this.#length - WINDOW - 1;
    if (leaving <= 0) return;
    this.#slid = true;
    this.#text = this.#text.slice(leaving);
    this.#length -= leaving;
    this.#lines = this.#lines
      .map(({ end, seq }) => ({ end: end - leaving, seq }))
      .filter(({ end }) => end > 0);
  }
}

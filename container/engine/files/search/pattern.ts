// What is looked for, in the three forms in which searches need it. Pure.
import type { FileMatch } from '#protocol';

export interface Wanted {
  pattern: string;
  regex: boolean;
  ignoreCase: boolean;
}

export type MatchingLine = Omit<FileMatch, 'path'>;

/** @throws SyntaxError for a regular expression that is none. */
export function asExpression({ pattern, regex, ignoreCase }: Wanted): RegExp {
  const source = regex ? pattern : pattern.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  return new RegExp(source, `g${ignoreCase ? 'i' : ''}u`);
}

/** The first matching lines of a text; `column` in bytes, from 1. */
export function matchingLines(text: string, expression: RegExp, most: number): MatchingLine[] {
  const found: MatchingLine[] = [];
  let line = 0;
  // What ends with a newline has no empty line behind it.
  for (let at = 0; at < text.length && found.length < most; ) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    line += 1;
    expression.lastIndex = 0;
    const content = text.slice(at, end);
    const match = expression.exec(content);
    if (match) {
      const column = Buffer.byteLength(content.slice(0, match.index)) + 1;
      found.push({ line, column, text: shortened(content.replace(/\r$/, '')) });
    }
    at = end + 1;
  }
  return found;
}

const LINE_CHARACTERS = 4_096;

export function shortened(line: string): string {
  return line.slice(0, LINE_CHARACTERS);
}

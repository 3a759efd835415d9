// Alternatives in a glob, written out. Pure.
import { HoldfastError } from '#protocol';

/** Of one pattern. */
const MOST_ALTERNATIVES = 64;

/** `a{b,c}d` as `abd` and `acd`, also within each other; a brace that is never closed stands for itself. */
export function withoutBraces(pattern: string): string[] {
  const open = firstBrace(pattern);
  if (!open) return [pattern];
  const { start, commas, end } = open;
  const places = [start, ...commas, end];
  const all = places.slice(1).flatMap((place, i) => {
    const middle = pattern.slice(places[i]! + 1, place);
    return withoutBraces(pattern.slice(0, start) + middle + pattern.slice(end + 1));
  });
  if (all.length > MOST_ALTERNATIVES) {
    throw new HoldfastError('INVALID_REQUEST', `a glob has at most ${MOST_ALTERNATIVES} alternatives`);
  }
  return all;
}

function firstBrace(pattern: string): { start: number; commas: number[]; end: number } | undefined {
  let depth = 0;
  let start = -1;
  let commas: number[] = [];
  for (let i = 0; i < pattern.length; i += 1) {
    const character = pattern[i];
    if (character === '\\') i += 1;
    else if (character === '{') {
      depth += 1;
      if (depth === 1) {
        start = i;
        commas = [];
      }
    } else if (character === ',' && depth === 1) commas.push(i);
    else if (character === '}' && depth > 0) {
      depth -= 1;
      if (depth === 0) return { start, commas, end: i };
    }
  }
  return undefined;
}

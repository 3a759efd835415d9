// Globs over paths: `*` and `?` within a name, `**` over folders, `[a-z]`, `[!a]`, `{a,b}`, `\` before what is meant as
// it is. One without a slash is about names at any depth; with one, about the path from the folder on. Pure.
// Invariant: matching takes time in proportion to pattern times path, whatever the pattern.
import { withoutBraces } from './braces.ts';

/** Whether the names of a path match. */
export type Glob = (names: readonly string[]) => boolean;

type Token = { is: 'star' } | { is: 'one'; matches: (character: string) => boolean };

/** @throws INVALID_REQUEST */
export function globOf(pattern: string): Glob {
  const alternatives = withoutBraces(pattern).map(compile);
  return (names) => alternatives.some((steps) => matchPath(steps, names));
}

/** Whether a path is to be told: nothing on the way to it is excluded, and it is included if anything is. */
export class PathFilter {
  readonly #include: Glob[];
  readonly #exclude: Glob[];

  constructor({
    include = [],
    exclude = [],
  }: { include?: string[] | undefined; exclude?: string[] | undefined }) {
    this.#include = include.map(globOf);
    this.#exclude = exclude.map(globOf);
  }

  /** For folders: whether what is in it may be told. */
  enters(names: readonly string[]): boolean {
    return names.every((_, i) => !this.#exclude.some((glob) => glob(names.slice(0, i + 1))));
  }

  tells(names: readonly string[]): boolean {
    return this.enters(names) && (this.#include.length === 0 || this.#include.some((glob) => glob(names)));
  }
}

type Step = 'folders' | Token[];

function compile(pattern: string): Step[] {
  const names = pattern.replace(/\/+$/, '').split('/');
  const anchored = names.length > 1;
  const steps = names.filter((name) => name !== '' && name !== '.').map(stepOf);
  return anchored ? steps : ['folders', ...steps];
}

function stepOf(name: string): Step {
  return name === '**' ? 'folders' : tokens(name);
}

/** Which prefixes of the path the steps so far match, step by step. */
function matchPath(steps: Step[], names: readonly string[]): boolean {
  let reached = [true, ...names.map(() => false)];
  for (const step of steps) {
    const next = reached.map(() => false);
    for (let i = 0; i < reached.length; i += 1) {
      if (step === 'folders') next[i] = reached[i]! || (i > 0 && next[i - 1]!);
      else if (i > 0) next[i] = reached[i - 1]! && matchName(step, names[i - 1]!);
    }
    reached = next;
  }
  return reached.at(-1)!;
}

/** Going back to the last star alone is enough: what it took before can only be more. */
function matchName(wanted: Token[], name: string): boolean {
  const characters = [...name];
  let at = 0;
  let token = 0;
  let star = -1;
  let taken = 0;
  while (at < characters.length) {
    const now = wanted[token];
    if (now?.is === 'one' && now.matches(characters[at]!)) {
      at += 1;
      token += 1;
    } else if (now?.is === 'star') {
      star = token;
      taken = at;
      token += 1;
    } else if (star >= 0) {
      taken += 1;
      at = taken;
      token = star + 1;
    } else return false;
  }
  return wanted.slice(token).every(({ is }) => is === 'star');
}

function tokens(name: string): Token[] {
  const found: Token[] = [];
  const characters = [...name];
  for (let i = 0; i < characters.length; i += 1) {
    const character = characters[i]!;
    const set = character === '[' ? setAt(characters, i) : undefined;
    if (set) {
      found.push({ is: 'one', matches: set.matches });
      i = set.end;
    } else if (character === '*') found.push({ is: 'star' });
    else if (character === '?') found.push({ is: 'one', matches: () => true });
    else {
      if (character === '\\' && i + 1 < characters.length) i += 1;
      const meant = characters[i]!;
      found.push({ is: 'one', matches: (one) => one === meant });
    }
  }
  return found;
}

/** `[a-z]`, `[!a]`; a bracket that is never closed stands for itself. */
function setAt(characters: string[], start: number) {
  const negated = characters[start + 1] === '!' || characters[start + 1] === '^';
  const first = start + (negated ? 2 : 1);
  const end = characters.indexOf(']', first + 1);
  if (end < 0) return undefined;
  const inside = characters.slice(first, end);
  const matches = (one: string) => {
    for (let i = 0; i < inside.length; i += 1) {
      const isRange = inside[i + 1] === '-' && i + 2 < inside.length;
      if (isRange ? one >= inside[i]! && one <= inside[i + 2]! : one === inside[i]) return !negated;
      if (isRange) i += 2;
    }
    return negated;
  };
  return { end, matches };
}

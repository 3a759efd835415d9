// The search without ripgrep: reads each file in turn. Slower, with JavaScript's regular expressions, and without
// heed to .gitignore; it leaves out .git and node_modules instead.
import vm from 'node:vm';
import { type FileMatch, HoldfastError, type SearchResult } from '#protocol';
import { readWhole } from '../open-file.ts';
import { pathOf, walk } from '../walk.ts';
import { asExpression, type MatchingLine, matchingLines } from './pattern.ts';
import type { Search } from './search.ts';

/** One regular expression on one file: the engine does nothing else meanwhile. */
const MATCH_MS = 100;
/** ripgrep, too, takes a file with NUL near its start for no text. */
const LOOKED_AT = 8_192;
const IGNORED = new Set(['.git', 'node_modules']);

export async function searchByReading(search: Search): Promise<SearchResult> {
  const { limit, signal } = search;
  const look = matcher(search);
  const matches: FileMatch[] = [];
  for await (const path of filesOf(search)) {
    signal.throwIfAborted();
    const content = await readable(path);
    if (!content || content.subarray(0, LOOKED_AT).includes(0)) continue;
    for (const match of look(content.toString(), limit + 1 - matches.length))
      matches.push({ path, ...match });
    if (matches.length > limit)
      return { matches: matches.slice(0, limit), truncated: true, tool: 'built-in' };
  }
  return { matches, truncated: false, tool: 'built-in' };
}

/** The files that a search or a replacement looks at. */
export async function* filesOf({
  root,
  file,
  hidden,
  ignored,
  filter,
}: Pick<Search, 'root' | 'file' | 'hidden' | 'ignored' | 'filter'>): AsyncGenerator<string, void, undefined> {
  if (file !== undefined) {
    yield root;
    return;
  }
  const enter = (names: readonly Buffer[]) => {
    const texts = names.map(String);
    const isProc = root === '/' && texts[0] === 'proc';
    return !isProc && (ignored || !IGNORED.has(texts.at(-1)!)) && filter.enters(texts);
  };
  for await (const { names, stats } of walk(root, { recursive: true, hidden, enter })) {
    if (!stats.isFile() || !filter.tells(names.map(String))) continue;
    yield root === '/' ? `/${pathOf(names)}` : `${root}/${pathOf(names)}`;
  }
}

/** Undefined where it cannot be read, is too large, or vanished. */
async function readable(path: string): Promise<Buffer | undefined> {
  try {
    return await readWhole(path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (/^(ENOENT|EACCES|EPERM|PAYLOAD_TOO_LARGE|NOT_A_FILE|IS_DIRECTORY|PERMISSION_DENIED)$/.test(code))
      return undefined;
    throw error;
  }
}

function matcher(search: Search): (text: string, most: number) => MatchingLine[] {
  let expression: RegExp;
  try {
    expression = asExpression(search);
  } catch (error) {
    throw new HoldfastError('INVALID_REQUEST', `pattern: ${(error as Error).message}`);
  }
  const find = (text: string, most: number): MatchingLine[] => matchingLines(text, expression, most);
  if (!search.regex) return find;
  // Only code that runs in a context can be stopped: a regular expression may take for ever.
  const context = vm.createContext({ find, text: '', most: 0 });
  const script = new vm.Script('find(text, most)');
  return (text, most) => {
    Object.assign(context, { text, most });
    try {
      return script.runInContext(context, { timeout: MATCH_MS });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      throw new HoldfastError('INVALID_REQUEST', 'pattern: it takes too long; make it simpler');
    }
  };
}

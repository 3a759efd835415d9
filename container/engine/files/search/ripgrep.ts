// The search with ripgrep, which tells its matches as lines of JSON (rg(1), --json).
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { type FileMatch, HoldfastError, type SearchResult } from '#protocol';
import { shortened } from './pattern.ts';
import type { Search } from './search.ts';

/** A line is held in memory: longer ones are of data, not of text. */
const LARGEST_FILE = '64M';
/** rg(1): 2 is an error, also where only some files could not be read. */
const FAILED = 2;

interface Text {
  text?: string;
  bytes?: string;
}

interface MatchMessage {
  type: 'match';
  data: { path: Text; lines: Text; line_number: number; submatches: { start: number }[] };
}

/** Undefined where there is no ripgrep. */
export async function searchWithRipgrep(search: Search): Promise<SearchResult | undefined> {
  const child = spawn('rg', argumentsOf(search), {
    cwd: search.file === undefined ? search.root : dirname(search.root),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  const stop = () => child.kill('SIGKILL');
  search.signal.addEventListener('abort', stop, { once: true });
  const missing = new Promise<boolean>((resolve) => {
    child.once('spawn', () => resolve(false));
    child.on('error', () => resolve(true));
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk).slice(0, 1_000);
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  try {
    if (await missing) return undefined;
    const { matches, truncated } = await readMatches(child.stdout, search, stop);
    const exitCode = await ended;
    search.signal.throwIfAborted();
    const isPattern = /regex (parse error|could not be compiled)|error parsing|compiled regex exceeds/i.test(
      complaint,
    );
    if (exitCode === FAILED && isPattern)
      throw new HoldfastError('INVALID_REQUEST', `pattern: ${complaint.trim()}`);
    return { matches, truncated, tool: 'ripgrep' };
  } finally {
    search.signal.removeEventListener('abort', stop);
    stop();
  }
}

function argumentsOf({ root, file, exclude, pattern, regex, ignoreCase, hidden, ignored }: Search): string[] {
  return [
    '--json',
    '--no-config',
    '--no-messages',
    '--max-filesize',
    LARGEST_FILE,
    '--sort',
    'path',
    ...(regex ? [] : ['--fixed-strings']),
    ...(ignoreCase ? ['--ignore-case'] : ['--case-sensitive']),
    ...(hidden ? ['--hidden'] : []),
    ...(ignored ? ['--no-ignore'] : []),
    ...(root === '/' ? ['--glob', '!/proc'] : []),
    // What the filter would leave out anyway need not be read.
    ...(file === undefined ? exclude : []).flatMap((glob) => ['--glob', `!${glob}`]),
    '--regexp',
    pattern,
    '--',
    file ?? '.',
  ];
}

async function readMatches(
  output: NodeJS.ReadableStream,
  { root, file, filter, limit }: Search,
  stop: () => void,
) {
  const matches: FileMatch[] = [];
  for await (const line of createInterface({ input: output, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (!line.startsWith('{"type":"match"')) continue;
    const { data } = JSON.parse(line) as MatchMessage;
    const below = decoded(data.path).replace(/^\.\//, '');
    const path = file === undefined ? `${root === '/' ? '' : root}/${below}` : root;
    if (file === undefined && !filter.tells(below.split('/'))) continue;
    if (matches.length === limit) {
      stop();
      return { matches, truncated: true };
    }
    matches.push({
      path,
      line: data.line_number,
      column: (data.submatches[0]?.start ?? 0) + 1,
      text: shortened(decoded(data.lines).replace(/\r?\n$/, '')),
    });
  }
  return { matches, truncated: false };
}

/** ripgrep gives what is not UTF-8 as base64. */
function decoded({ text, bytes }: Text): string {
  return text ?? Buffer.from(bytes ?? '', 'base64').toString();
}

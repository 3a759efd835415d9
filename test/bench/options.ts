// What the command line asks for.
import { parseArgs } from 'node:util';

export interface Options {
  suites: ReadonlySet<'engine' | 'worker' | 'grow'>;
  quick: boolean;
  /** Growth up to the largest sizes, which takes long. */
  full: boolean;
  /** Only figures and curves whose id holds one of these, and their floors. */
  only: string[];
  json: string | undefined;
  /** Runs that were kept, shown instead of a new one. */
  from: string[];
  compare: string | undefined;
  /** Puts tables and charts into the documents. */
  write: boolean;
  profile: string | undefined;
}

export const USAGE = `npm run bench -- [options]

  --quick            fewer rounds, under a minute
  --worker           through wrangler dev instead: embedded, and in Docker where it answers
  --grow             how cost grows with sessions, commands, output, variables and readers instead; --full to the end
  --all              all three
  --only exec,stream only figures and curves whose id holds one of these, and all floors
  --json FILE        keeps the run
  --from A,B         measures nothing: shows runs that were kept
  --compare FILE     prints how this run compares with one that was kept
  --write            puts tables and charts into README.md and docs/
  --profile FOLDER   has V8 write a profile of the engine there
`;

/** @throws TypeError for what it does not know. */
export function parseOptions(args: string[]): Options {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args,
    options: {
      quick: flag,
      worker: flag,
      grow: flag,
      all: flag,
      full: flag,
      write: flag,
      only: { type: 'string' },
      from: { type: 'string' },
      json: { type: 'string' },
      compare: { type: 'string' },
      profile: { type: 'string' },
    },
  });
  const suites = new Set<'engine' | 'worker' | 'grow'>();
  if (values.all || !(values.worker || values.grow)) suites.add('engine');
  if (values.all || values.worker) suites.add('worker');
  if (values.all || values.grow) suites.add('grow');
  const { quick, full, write, json, compare, profile } = values;
  const list = (text: string | undefined) => text?.split(',') ?? [];
  const { only, from } = values;
  return { suites, quick, full, write, json, compare, profile, only: list(only), from: list(from) };
}

/** Floors are always wanted: a figure without its floor says nothing here. */
export function isWanted({ only }: Pick<Options, 'only'>, id: string): boolean {
  return only.length === 0 || id.startsWith('floor-') || only.some((part) => id.includes(part));
}

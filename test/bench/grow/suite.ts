// How cost grows: each curve on an engine of its own, from the smallest size to the largest.
import { isWanted, type Options } from '../options.ts';
import type { Curve } from '../result/curve.ts';
import { growCommands } from './commands.ts';
import { growEnvironment } from './environment.ts';
import { growOutput } from './output.ts';
import { growReaders } from './readers.ts';
import { growSessions } from './sessions.ts';

export interface Reach {
  quick: boolean;
  full: boolean;
}

const PARTS: { ids: string[]; grow: (reach: Reach) => Promise<Curve[]> }[] = [
  { ids: ['sessions'], grow: growSessions },
  { ids: ['commands'], grow: growCommands },
  { ids: ['output'], grow: growOutput },
  { ids: ['environment'], grow: growEnvironment },
  { ids: ['readers'], grow: growReaders },
];

export async function growthSuite(options: Options, say: (what: string) => void): Promise<Curve[]> {
  const curves: Curve[] = [];
  for (const { ids, grow } of PARTS) {
    if (!ids.some((id) => isWanted(options, id))) continue;
    say(`growth: ${ids.join(', ')}`);
    curves.push(...(await grow(options)));
  }
  return curves;
}

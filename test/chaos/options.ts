// The command line of the chaos suite.
import { parseArgs } from 'node:util';
import { FAULTS, type FaultName, type Target } from './target/target.ts';

export interface Options {
  seed: string;
  minutes: number;
  commands: number;
  target: Target['name'];
  /** The mean time from one fault to the next. */
  everyMs: number;
  /** Undefined is all that the target supports. */
  faults: FaultName[] | undefined;
}

export const USAGE = `npm run chaos -- [--seed TEXT] [--minutes M] [--commands N] [--target engine|embedded|docker]
                  [--every MS] [--faults ${FAULTS.join(',')}]`;

/** @throws Error with a message for the user. */
export function readOptions(args: string[], freshSeed: () => string): Options {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: 'string' },
      minutes: { type: 'string' },
      commands: { type: 'string' },
      target: { type: 'string', default: 'engine' },
      every: { type: 'string' },
      faults: { type: 'string' },
    },
  });
  const { target } = values;
  if (target !== 'engine' && target !== 'embedded' && target !== 'docker')
    throw new Error(`no target: ${target}`);
  return {
    seed: values.seed ?? freshSeed(),
    // Without either limit, a minute; with one, that one alone.
    minutes: amount(values.minutes, values.commands === undefined ? 1 : Infinity),
    commands: amount(values.commands, Infinity),
    target,
    everyMs: amount(values.every, 140),
    faults: values.faults?.split(',').map(faultName),
  };
}

function amount(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!(value > 0)) throw new Error(`not an amount: ${text}`);
  return value;
}

function faultName(name: string): FaultName {
  const found = FAULTS.find((fault) => fault === name);
  if (!found) throw new Error(`no fault: ${name}`);
  return found;
}

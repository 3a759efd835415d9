import { expect, test } from 'vitest';
import { isWanted, parseOptions } from './options.ts';

test('without a word the engine is measured, else what is named, else everything', () => {
  const suites = (...args: string[]) => [...parseOptions(args).suites];
  expect(suites()).toEqual(['engine']);
  expect(suites('--worker')).toEqual(['worker']);
  expect(suites('--worker', '--grow')).toEqual(['worker', 'grow']);
  expect(suites('--all')).toEqual(['engine', 'worker', 'grow']);
});

test('--only picks figures by a part of their id, and always their floors', () => {
  const options = parseOptions(['--only', 'exec,stream']);
  expect(['exec', 'exec-fetch', 'stream-small', 'floor-pipe'].every((id) => isWanted(options, id))).toBe(
    true,
  );
  expect(isWanted(options, 'memory')).toBe(false);
  expect(isWanted(parseOptions([]), 'memory')).toBe(true);
});

test('what it does not know is refused', () => {
  expect(() => parseOptions(['--slow'])).toThrow("Unknown option '--slow'");
});

// How a command ended, from how its shell's part did: a code is told where it is known, and an error where it is not.
import { expect, test } from 'vitest';
import { HoldfastError } from '#protocol';
import {
  type Circumstances,
  codeOf,
  type Ended,
  verdictOf,
} from '../../../container/engine/session/verdict.ts';

const usual: Circumstances = { begun: true, restarted: false, ending: undefined };
const unseen = { exitCode: null, signal: null };

const verdict = (ended: Ended, more: Partial<Circumstances> = {}) => {
  const found = verdictOf(ended, { ...usual, ...more });
  return found instanceof HoldfastError ? found.code : found;
};

test('what the shell reported is the exit code', () => {
  const ended = { kind: 'reported', status: 7 } as const;
  expect(verdict(ended)).toEqual({ exitCode: 7, signal: null, shellRestarted: false });
  expect(verdict(ended, { restarted: true })).toMatchObject({ shellRestarted: true });
});

test('a command that its shell could not run is an error, unless it was being ended', () => {
  expect(verdict({ kind: 'reported', status: 'B' })).toBe('INTERNAL');
  expect(verdict({ kind: 'reported', status: 'E' })).toBe('INVALID_REQUEST');
  expect(verdict({ kind: 'reported', status: 'B' }, { ending: 'timeout' })).toMatchObject({ exitCode: 0 });
});

test('a shell that died with its command tells how, as far as somebody saw it', () => {
  const died = (end: { exitCode: number | null; signal: NodeJS.Signals | null }): Ended => ({
    kind: 'died',
    end,
  });
  expect(verdict(died({ exitCode: 3, signal: null }))).toEqual({
    exitCode: 3,
    signal: null,
    shellRestarted: true,
  });
  expect(verdict(died({ exitCode: null, signal: 'SIGKILL' }))).toMatchObject({
    exitCode: 137,
    signal: 'SIGKILL',
  });
  expect(verdict(died(unseen))).toBe('COMMAND_LOST');
  expect(verdict(died(unseen), { ending: 'interrupt' })).toMatchObject({ exitCode: 0, shellRestarted: true });
  expect(verdict(died(unseen), { ending: 'deleted' })).toMatchObject({ shellRestarted: false });
});

test('a shell that died before the command began has not run it', () => {
  expect(verdict({ kind: 'died', end: { exitCode: 3, signal: null } }, { begun: false })).toBe('INTERNAL');
});

test('a command that made its shell deaf is lost; one that a deaf shell did not begin never ran', () => {
  expect(verdict({ kind: 'deaf' })).toBe('COMMAND_LOST');
  expect(verdict({ kind: 'deaf' }, { begun: false })).toBe('INTERNAL');
  expect(verdict({ kind: 'deaf' }, { ending: 'timeout' })).toMatchObject({
    exitCode: 0,
    shellRestarted: true,
  });
});

test('the code of an end that nobody saw is not known', () => {
  expect(codeOf(unseen)).toBeUndefined();
});

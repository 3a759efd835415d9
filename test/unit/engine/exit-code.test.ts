// The exit code of a process: of one whose end was seen, and of one that ended while no engine lived.
import { constants } from 'node:os';
import { expect, test } from 'vitest';
import { endsProcesses, exitCodeOf } from '../../../container/engine/process/exit-code.ts';

const { SIGTERM, SIGCONT, SIGKILL } = constants.signals;
const nothingSent = { deadly: undefined, realTime: undefined };
const leaves = (status: number | undefined) => () => status;

test('an end that was seen tells its code, or 128 and the signal', () => {
  expect(exitCodeOf({ exitCode: 4, signal: null }, nothingSent, leaves(undefined))).toBe(4);
  expect(exitCodeOf({ exitCode: null, signal: 'SIGTERM' }, nothingSent, leaves(undefined))).toBe(143);
});

test('a real-time signal, which Node reports as exit 0, counts unless the shell ended with 0 by itself', () => {
  const sent = { deadly: 40, realTime: 40 };
  expect(exitCodeOf({ exitCode: 0, signal: null }, sent, leaves(undefined))).toBe(168);
  expect(exitCodeOf({ exitCode: 0, signal: null }, sent, leaves(0))).toBe(0);
});

test('of an end that nobody saw the shell’s own file tells, but for a 0 behind a deadly signal', () => {
  expect(exitCodeOf(undefined, nothingSent, leaves(0))).toBe(0);
  expect(exitCodeOf(undefined, nothingSent, leaves(5))).toBe(5);
  expect(exitCodeOf(undefined, { deadly: SIGTERM, realTime: undefined }, leaves(0))).toBe(143);
  expect(exitCodeOf(undefined, { deadly: SIGTERM, realTime: undefined }, leaves(5))).toBe(5);
});

test('a code that nobody can know is not invented', () => {
  expect(exitCodeOf(undefined, nothingSent, leaves(undefined))).toBeUndefined();
  expect(exitCodeOf(undefined, { deadly: SIGTERM, realTime: undefined }, leaves(undefined))).toBeUndefined();
  expect(exitCodeOf(undefined, { deadly: SIGKILL, realTime: undefined }, leaves(undefined))).toBe(137);
});

test('a signal that stops or continues does not end a process', () => {
  expect(endsProcesses(SIGTERM)).toBe(true);
  expect(endsProcesses(SIGCONT)).toBe(false);
});

import { expect, test } from 'vitest';
import { signalNumber } from '../../../container/engine/proc/signal.ts';

test('a signal is known by name, with or without SIG, and by number', () => {
  expect(['TERM', 'SIGTERM', 'sigterm', 15].map(signalNumber)).toEqual([15, 15, 15, 15]);
  expect(['RTMIN', 'SIGRTMIN+3', 'RTMAX-1', 64].map(signalNumber)).toEqual([34, 37, 63, 64]);
});

test('what is no signal has no number', () => {
  expect(['NOPE', 'SIG', 'RTMIN+40', 0, 65].map(signalNumber)).toEqual(Array(5).fill(undefined));
});

// A signal as the caller names it.
import { HoldfastError } from '#protocol';
import { signalNumber } from '../proc/signal.ts';

/** 400 INVALID_REQUEST for what is no signal here. */
export function knownSignal(signal: string | number): number {
  const number = signalNumber(signal);
  if (number === undefined) throw new HoldfastError('INVALID_REQUEST', `there is no signal ${signal}`);
  return number;
}

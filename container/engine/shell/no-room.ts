// Why a bash could not be started where Node hands out a child without a pid and says no more.
import { accessSync, constants } from 'node:fs';
import { HoldfastError } from '#protocol';

/** 400 INVALID_REQUEST where `cwd` cannot be entered, else 503 OUT_OF_RESOURCES: there is room for no other process. */
export function notStarted(cwd: string): HoldfastError {
  if (!canEnter(cwd)) return new HoldfastError('INVALID_REQUEST', 'the directory cannot be entered');
  return new HoldfastError(
    'OUT_OF_RESOURCES',
    'too many files are open in the sandbox, or too many processes run, for another shell; end something and try again',
  );
}

function canEnter(folder: string): boolean {
  try {
    accessSync(folder, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

// Whether a checkpoint carries all that its shell is. Pure.
import { LIMITS } from '#protocol';
import { type Checkpoint, disabledBuiltins, SECTIONS } from '../shell/checkpoint.ts';

/** Builtins without which the next checkpoint, or the shell itself, would not be what it was. */
const NEEDED = new Set(
  '. source builtin command set eval declare alias trap umask echo enable compgen complete'.split(' '),
);

/** A process in the background was never the state's: its exit code can still be asked for. */
export function carriesAll(state: Checkpoint): boolean {
  const size = SECTIONS.reduce((sum, name) => sum + state[name].length, 0);
  return (
    state.background === '' &&
    size <= LIMITS.checkpointBytes &&
    !disabledBuiltins(state).some((name) => NEEDED.has(name))
  );
}

// A descriptor kept for looking at processes: without it an engine that may open no more files could end none of
// those that hold them.
import { closeSync, openSync } from 'node:fs';

let spare: number | undefined;

/** Call it while there are descriptors. */
export function keepSpare(): void {
  spare ??= openSync('/dev/null', 'r');
}

/** `look`, which opens one file at a time, also where no more may be opened (EMFILE, ENFILE). */
export function withSpare<T>(look: () => T): T {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if ((code !== 'EMFILE' && code !== 'ENFILE') || spare === undefined) throw error;
    closeSync(spare);
    spare = undefined;
    try {
      return look();
    } finally {
      keepSpare();
    }
  }
}

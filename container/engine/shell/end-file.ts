// The file that a shell makes which ends by itself: its name holds the status. Nobody need have seen the end.
import { existsSync, readdirSync, rmSync } from 'node:fs';

const ENDED = 'ended.';

/** The status with which the last shell ended, if it ended by itself; `folder` is of the session's control files. */
export function endStatusIn(folder: string): number | undefined {
  const name = endFileIn(folder);
  return name === undefined ? undefined : Number(name.slice(ENDED.length));
}

/** Before another shell begins in the same folder. */
export function removeEndFile(folder: string): void {
  const name = endFileIn(folder);
  if (name) rmSync(`${folder}/${name}`);
}

function endFileIn(folder: string): string | undefined {
  return existsSync(folder) ? readdirSync(folder).find((name) => name.startsWith(ENDED)) : undefined;
}

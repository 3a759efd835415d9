// What the next engine must know of terminals: they end with this one, and what escaped the hang-up is to be found.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Owner } from '../proc/belonging.ts';
import { endAtOnce } from '../proc/end-at-once.ts';

const NOTE = 'owner';

interface Note {
  sessionKey: string;
  id: string;
  startTicks: number;
}

/** Whose processes a terminal's are. `mark` is in their environment. */
export function terminalOwner({ sessionKey, id, startTicks }: Note): Owner {
  const command = { id, startTicks, earlierChildren: new Set<number>() };
  return { sessionKey, shellPid: undefined, command, known: new Map() };
}

/** Makes a terminal's folder with the note in it, before anything of it runs. */
export function noteTerminal(folder: string, note: Note): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, NOTE), JSON.stringify(note), { mode: 0o600 });
}

/** Ends what is left of the terminals of an engine that died. The master closed with it, so their shells got SIGHUP. */
export function endLeftTerminals(root: string): void {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(root)) {
    const folder = join(root, name);
    const note = readNote(join(folder, NOTE));
    if (note)
      void endAtOnce(terminalOwner(note)).finally(() => rmSync(folder, { recursive: true, force: true }));
    else rmSync(folder, { recursive: true, force: true });
  }
}

/** Undefined where that engine did not get as far as to start it. */
function readNote(path: string): Note | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Note;
  } catch {
    return undefined;
  }
}

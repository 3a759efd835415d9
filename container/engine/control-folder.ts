// The engine's folders: one for its state, locked while it runs, and one for the small files that every command
// touches: on a tmpfs if there is one with room, since making a file there costs a hundredth of what it costs on a disk.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from './config.ts';
import { tryLock } from './linux/libc.ts';

const SHARED_MEMORY = '/dev/shm';
/** statfs(2). */
const TMPFS_MAGIC = 0x01021994;
/** Docker gives 64 MiB; less than half of that left is too little for many sessions. */
const NEEDED_BYTES = 32 * 1024 * 1024;

/** Marks a folder as an engine's: nothing else is ever emptied. Locked by the engine that lives in it. */
const MARK = '.holdfast-state';
/** The journal's name; a control folder without one is nobody's. */
export const JOURNAL = 'journal';

/**
 * The state folder, made and locked for as long as this process lives.
 *
 * @throws ConfigError when it holds files and no engine made it: `HOLDFAST_STATE_DIR` may name somebody's home.
 * @throws Error when another engine runs in it.
 */
export function openStateFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const folder = realpathSync(path);
  const names = readdirSync(folder);
  if (names.length > 0 && !names.includes(MARK)) {
    throw new ConfigError(
      `HOLDFAST_STATE_DIR=${path} holds files that are no engine's; choose an empty folder`,
    );
  }
  const mark = join(folder, MARK);
  if (!names.includes(MARK)) writeFileSync(mark, '');
  // Open for as long as the process lives: the lock ends with it, however it ends.
  if (!tryLock(openSync(mark, 'r+'))) {
    throw new Error(`another engine runs with HOLDFAST_STATE_DIR=${path}; end it or choose another folder`);
  }
  return folder;
}

/** Where the control files are that belong to this state folder, a real path, if they are in memory. */
export function controlFolderInMemory(stateFolder: string): string {
  const name = createHash('sha256').update(stateFolder).digest('hex').slice(0, 12);
  return join(SHARED_MEMORY, `holdfast-${name}`);
}

/** Where an engine in this state folder left its control files, if one did. */
export function leftControlFolder(stateFolder: string): string | undefined {
  return placesOf(stateFolder).find((folder) => existsSync(join(folder, JOURNAL)));
}

/** Empties the state folder and makes a control folder, which whoever made it removes. */
export function makeControlFolder(stateFolder: string): string {
  for (const name of readdirSync(stateFolder)) {
    if (name !== MARK) rmSync(join(stateFolder, name), { recursive: true, force: true });
  }
  const [inMemory, onDisk] = placesOf(stateFolder);
  return hasRoom(SHARED_MEMORY) && tryFresh(inMemory) ? inMemory : fresh(onDisk);
}

function placesOf(stateFolder: string): [inMemory: string, onDisk: string] {
  return [controlFolderInMemory(stateFolder), join(stateFolder, 'control')];
}

/** False where the folder belongs to somebody else. */
function tryFresh(folder: string): boolean {
  try {
    fresh(folder);
    return true;
  } catch {
    return false;
  }
}

function fresh(folder: string): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

function hasRoom(path: string): boolean {
  try {
    const { type, bavail, bsize } = statfsSync(path);
    return type === TMPFS_MAGIC && bavail * bsize >= NEEDED_BYTES;
  } catch {
    return false; // there is no such place here
  }
}

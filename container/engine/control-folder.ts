// Where the small files go that every command touches: on a tmpfs if there is one with room, since
// making a file there costs a hundredth of what it costs on a disk.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, realpathSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from './config.ts';

const SHARED_MEMORY = '/dev/shm';
/** statfs(2). */
const TMPFS_MAGIC = 0x01021994;
/** Docker gives 64 MiB; less than half of that left is too little for many sessions. */
const NEEDED_BYTES = 32 * 1024 * 1024;

/** Marks a folder as an engine's: nothing else is ever emptied. */
const MARK = '.holdfast-state';

/**
 * The state folder, made and empty.
 *
 * @throws ConfigError when it holds files and no engine made it: `HOLDFAST_STATE_DIR` may name somebody's home.
 */
export function freshStateFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const folder = realpathSync(path);
  const names = readdirSync(folder);
  if (names.length > 0 && !names.includes(MARK)) {
    throw new ConfigError(
      `HOLDFAST_STATE_DIR=${path} holds files that are no engine's; choose an empty folder`,
    );
  }
  for (const name of names) rmSync(join(folder, name), { recursive: true, force: true });
  writeFileSync(join(folder, MARK), '');
  return folder;
}

/** Where the control files are that belong to this state folder, a real path, if they are in memory. */
export function controlFolderInMemory(stateFolder: string): string {
  const name = createHash('sha256').update(stateFolder).digest('hex').slice(0, 12);
  return join(SHARED_MEMORY, `holdfast-${name}`);
}

/** An empty folder of the engine's own, named after its state folder; whoever made it removes it. */
export function makeControlFolder(stateFolder: string): string {
  const inMemory = controlFolderInMemory(stateFolder);
  const onDisk = join(stateFolder, 'control');
  return hasRoom(SHARED_MEMORY) && tryFresh(inMemory) ? inMemory : fresh(onDisk);
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

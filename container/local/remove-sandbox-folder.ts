// Removes what a container that is over left on this machine's disk and in its memory.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { controlFolderInMemory } from '../engine/control-folder.ts';
import { killAllOf } from './sweep.ts';

/** Where, in a sandbox's folder, its engine keeps its state. */
export const stateFolderIn = (folder: string) => join(folder, 'state');

/** Ends what is left of the sandbox in this folder, a real path, and removes what it had in memory. */
export function endSandbox(folder: string): void {
  killAllOf(folder);
  // An engine that ends removes it itself; one that was killed could not.
  rmSync(controlFolderInMemory(stateFolderIn(folder)), { recursive: true, force: true, maxRetries: 3 });
}

/** The same, and removes all its files. */
export function removeSandboxFolder(folder: string): void {
  endSandbox(folder);
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

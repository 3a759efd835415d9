// Where a clone goes: a folder that was not there, or is empty. What a failed clone left is taken away again,
// and nothing else.
import { mkdir, readdir, realpath, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HoldfastError } from '#protocol';
import { shown } from '../files/file-error.ts';

/** Two clones into one empty folder would each take the other's files for its own. */
const taken = new Set<string>();

export class TargetFolder {
  readonly path: string;
  readonly #real: string;
  /** The topmost folder that was made for it. */
  readonly #made: string | undefined;

  private constructor(path: string, real: string, made: string | undefined) {
    this.path = path;
    this.#real = real;
    this.#made = made;
    taken.add(real);
  }

  /** @throws FILE_EXISTS where something is in it, RESOURCE_BUSY; what the file system says. */
  static async take(path: string): Promise<TargetFolder> {
    const made = await mkdir(path, { recursive: true });
    const real = await realpath(path);
    if (taken.has(real)) {
      throw new HoldfastError('RESOURCE_BUSY', `another clone into ${shown(path)} is under way`);
    }
    const folder = new TargetFolder(path, real, made);
    try {
      if (made === undefined && (await readdir(path)).length > 0) {
        throw new HoldfastError(
          'FILE_EXISTS',
          `${shown(path)} is a folder with something in it; give another dir`,
        );
      }
      return folder;
    } catch (error) {
      folder.release();
      throw error;
    }
  }

  release(): void {
    taken.delete(this.#real);
  }

  /** Removes what is in it, and the folders that were made for it as far as they are empty then. */
  async clear(): Promise<void> {
    const names = await readdir(this.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []; // somebody was faster
      throw error;
    });
    await Promise.all(names.map((name) => rm(join(this.path, name), { recursive: true, force: true })));
    if (this.#made === undefined) return;
    try {
      for (let at = this.path; at.length >= this.#made.length; at = dirname(at)) await rmdir(at);
    } catch (error) {
      // Somebody put something beside it meanwhile, or took it away.
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code !== 'ENOTEMPTY' && code !== 'ENOENT') throw error;
    }
  }
}

// Folders that are being unpacked are noted in the state folder: an engine that starts where one was killed in the
// middle removes what that one left.
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DRAFT_NAME } from '../draft-file.ts';

export class Drafts {
  readonly #folder: string;

  /** Removes what is noted there. */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder)) {
      const draft = readFileSync(join(folder, name), 'utf8');
      // A note that was cut itself names something else.
      if (DRAFT_NAME.test(basename(draft))) rmSync(draft, { recursive: true, force: true });
      rmSync(join(folder, name));
    }
  }

  /** Notes the draft while `act` runs. */
  async noted<T>(draft: string, act: () => Promise<T>): Promise<T> {
    const note = join(this.#folder, basename(draft));
    await writeFile(note, draft);
    try {
      return await act();
    } finally {
      await rm(note, { force: true });
    }
  }
}

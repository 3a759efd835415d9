// Loads a saved state into a fresh shell.
import { writeFileSync } from 'node:fs';
import { removeFile } from '../remove-file.ts';
import { type Checkpoint, type RestoreOptions, restoreScript } from '../shell/checkpoint.ts';
import { restoreLines } from '../shell/lines.ts';
import type { Report } from '../shell/report.ts';
import type { Shell } from '../shell/shell.ts';

const PATIENCE_MS = 5000;

export interface RestoreTarget {
  shell: Shell;
  /** Of the session's control files. */
  folder: string;
  /** Under which the shell reports. */
  run: number;
}

/** Undefined if the shell died of the state or did not come through it. */
export async function restore(
  saved: Checkpoint,
  options: RestoreOptions,
  { shell, folder, run }: RestoreTarget,
): Promise<{ report: Report; truncated: boolean } | undefined> {
  const { script, truncated } = restoreScript(saved, options);
  writeFileSync(`${folder}/restore`, script, { mode: 0o600, encoding: 'latin1' });
  const report = await new Promise<Report | undefined>((resolve) => {
    const patience = setTimeout(() => resolve(undefined), PATIENCE_MS);
    const settle = (value: Report | undefined) => {
      clearTimeout(patience);
      resolve(value);
    };
    shell.type(restoreLines(run, folder), {
      report: (heard) => heard.run === run && settle(heard),
      ended: () => settle(undefined),
    });
  });
  removeFile(`${folder}/restore`);
  return report && { report, truncated };
}

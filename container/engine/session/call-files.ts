// The files that one call's command, cwd, env and stdin wait in until its shell reads them. The names of a
// call's own environment carry its run, since its lines may still be read when the next call is prepared.
import { writeFileSync } from 'node:fs';
import type { CommandRequest } from '../command/command.ts';
import { removeFile } from '../remove-file.ts';
import type { Scope } from '../shell/lines.ts';
import { existingDirectory } from './directory.ts';

const PRIVATE = { mode: 0o600 };

/** Writes the text that will be sourced. */
export function writeCommand(folder: string, text: string): void {
  writeFileSync(`${folder}/command`, text, PRIVATE);
}

/** The call's own cwd and env, found valid; undefined if it has neither. 400 CWD_NOT_FOUND. */
export function callScope(request: CommandRequest, sessionCwd: string): CallScope | undefined {
  if (request.cwd === undefined && request.env === undefined) return undefined;
  const cwd = request.cwd === undefined ? undefined : existingDirectory(request.cwd, sessionCwd);
  return new CallScope(cwd, request.env ?? {}, request.cwdStays);
}

export class CallScope {
  readonly scope: Scope;
  readonly #contents: Record<'names' | 'env' | 'cwd', string[]>;

  constructor(cwd: string | undefined, env: Record<string, string>, stays: boolean) {
    const variables = Object.entries(env);
    this.#contents = {
      names: variables.map(([name]) => name),
      env: variables.map(([name, value]) => `${name}=${value}`),
      cwd: cwd === undefined ? [] : [cwd],
    };
    this.scope = { names: variables.length, directories: this.#contents.cwd.length, stays };
  }

  /** Writes them for one run; each value ends with NUL. */
  write(folder: string, run: number): void {
    for (const [name, values] of Object.entries(this.#contents)) {
      writeFileSync(callFile(folder, run, name), values.map((value) => `${value}\0`).join(''), PRIVATE);
    }
  }
}

/** Removes what a run left; its shell must have gone past it. */
export function removeCallFiles(folder: string, run: number): void {
  for (const name of ['names', 'env', 'cwd', 'saved']) removeFile(callFile(folder, run, name));
}

function callFile(folder: string, run: number, name: string): string {
  return `${folder}/call.${run}.${name}`;
}

// Paths as the dialect allows them: `~` and `$VAR` are expanded.
import { homedir } from 'node:os';
import { resolve } from 'node:path';

/** Absolute, seen from `base`. Unset variables expand to nothing, as in a shell. */
export function expandPath(path: string, base: string, env: Record<string, string>): string {
  const home = env.HOME ?? homedir();
  const expanded = path
    .replace(/^~(?=\/|$)/, home)
    .replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced, plain) => env[braced ?? plain] ?? '');
  return resolve(base, expanded);
}

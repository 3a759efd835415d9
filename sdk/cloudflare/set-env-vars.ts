// Variables for a shell that is there: the text that sets them in it.
import { HoldfastError } from '../protocol/index.ts';

/** Bash source that exports what has a value and removes what is undefined. Throws `INVALID_REQUEST` for a name that is none. */
export function exportText(vars: Record<string, string | undefined>): string {
  const lines = Object.entries(vars).map(([name, value]) => {
    if (!/^(?!__hf_)[A-Za-z_][A-Za-z0-9_]*$/.test(name) || value?.includes('\0')) {
      throw new HoldfastError(
        'INVALID_REQUEST',
        `"${name}" is no variable, or its value holds NUL; a name is [A-Za-z_][A-Za-z0-9_]*`,
      );
    }
    return value === undefined ? `unset -v ${name}` : `export ${name}=${quoted(value)}`;
  });
  return lines.join(' &&\n');
}

/** A word that is the text, whatever is in it: between single quotes only their own kind means anything. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

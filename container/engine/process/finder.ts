// What to look for, as a function. A caller's pattern never holds up the engine: it runs with a time limit.
import { createContext, Script } from 'node:vm';
import { HoldfastError, type OutputWait } from '#protocol';
import type { Find } from './output-search.ts';

/** Sound patterns take a millisecond; one that backtracks without end would take for ever. */
const LOOK_MS = 100;

// V8 ends a regular expression only where a script that runs it is ended.
const LOOK = new Script('pattern.lastIndex = from; pattern.exec(text)');

export function finder({ text: wanted, pattern, flags = '' }: OutputWait): Find {
  if (wanted !== undefined) {
    return (text, from) => {
      const index = text.indexOf(wanted, from);
      return index < 0 ? undefined : { index, text: wanted, groups: [] };
    };
  }
  const context = createContext({ pattern: new RegExp(pattern!, `${flags}g`), text: '', from: 0 });
  return (text, from) => {
    Object.assign(context, { text, from });
    const found = look(context);
    if (!found) return undefined;
    const [whole, ...groups] = found;
    return { index: found.index, text: whole, groups: groups.map((group) => group ?? null) };
  };
}

function look(context: object): RegExpExecArray | null {
  try {
    return LOOK.runInContext(context, { timeout: LOOK_MS });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw cause;
    throw new HoldfastError(
      'INVALID_REQUEST',
      `pattern: it looks longer than ${LOOK_MS} ms at this output; write one that backtracks less`,
    );
  }
}

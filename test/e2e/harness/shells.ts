// The shells that an engine has as its children; what it has beside them only keeps FIFOs open.
import { readFileSync } from 'node:fs';
import { childrenOf } from '../../../container/engine/proc/stat.ts';

export function shellsOf(pid: number): number[] {
  return childrenOf(pid).filter((child) => {
    try {
      return readFileSync(`/proc/${child}/comm`, 'utf8') === 'bash\n';
    } catch {
      return false; // it ended meanwhile
    }
  });
}

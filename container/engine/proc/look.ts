// A look at all processes of the machine, shared by all who ask at the same time: reading /proc costs
// milliseconds, and a hundred processes may be ending at once.
import { belongingTo, type Owner } from './belonging.ts';
import { environmentOf, ProcessStat } from './stat.ts';

export class Look {
  readonly #processes = ProcessStat.readAll();
  readonly #marks = new Map<number, string>();

  /** Living processes of `owner`. */
  members(owner: Owner): ProcessStat[] {
    return belongingTo(owner, this.#processes, (pid) => this.#marksOf(pid));
  }

  /** Processes whose environment says what they belong to. */
  marked(): { pid: number; sessionKey: string; commandId: string | undefined }[] {
    return this.#processes.flatMap(({ pid }) => {
      const marks = this.#marksOf(pid);
      const sessionKey = /__hf_session=([^\0]+)\0/.exec(marks)?.[1];
      return sessionKey ? [{ pid, sessionKey, commandId: /__hf_id=([^\0]+)\0/.exec(marks)?.[1] }] : [];
    });
  }

  #marksOf(pid: number): string {
    let marks = this.#marks.get(pid);
    if (marks === undefined) {
      // Of the whole environment nothing else is asked for.
      const found = `\0${environmentOf(pid)}`.match(/(?<=\0)__hf_(?:session|id)=[^\0]*\0/g);
      marks = found?.join('') ?? '';
      this.#marks.set(pid, marks);
    }
    return marks;
  }
}

let next: Promise<Look> | undefined;

/** A look that is taken after this was called. */
export function nextLook(): Promise<Look> {
  next ??= new Promise((resolve) => {
    setImmediate(() => {
      next = undefined;
      resolve(new Look());
    });
  });
  return next;
}

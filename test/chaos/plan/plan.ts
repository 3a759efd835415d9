// A command with what must come of it: the generator's word, which the checks hold the engine to. Pure.
import type { State } from '../model/state.ts';

export interface Expected {
  stdout: Buffer;
  /** Undefined where bash's own words are not ours to know. */
  stderr: Buffer | undefined;
  exitCode: number;
  /** What the session is afterwards. */
  next: State;
}

/**
 * How a command comes to its end: by itself; ending its shell; by its timeout; by an interrupt, a signal or a
 * terminate of the client's, once it said `ready`; by a client that leaves it.
 */
export type Ending = 'itself' | 'shell' | 'timeout' | 'interrupt' | 'abandon' | 'signal' | 'terminate';

export interface Plan {
  kind: string;
  text: string;
  ending: Ending;
  /** It neither reads nor changes the session's state, so it may run beside others. */
  independent: boolean;
  cwd?: string;
  env?: Record<string, string>;
  stdin?: Buffer;
  timeoutMs?: number;
  /** It ends its shell in a way that leaves only the last checkpoint. */
  losesState?: boolean;
  /** What a client says line by line, each after the answer to the one before. */
  conversation?: Conversation;
  expect(state: State): Expected;
}

export interface Conversation {
  /** What to write. Written twice, each is answered once. */
  lines: string[];
  /** stdout holds it once line `at` was understood. */
  answer(at: number): string;
}

type Printed = string | Buffer;

/** A plan that reads nothing of the session and leaves it as it is. */
export function printing(
  kind: string,
  text: string,
  stdout: Printed,
  more: { stderr?: Printed; exitCode?: number; stdin?: Buffer } = {},
): Plan {
  const { stderr = '', exitCode = 0, stdin } = more;
  const expected = { stdout: Buffer.from(stdout), stderr: Buffer.from(stderr), exitCode };
  return {
    kind,
    text,
    ending: 'itself',
    independent: true,
    ...(stdin && { stdin }),
    expect: (next) => ({ ...expected, next }),
  };
}

/** A plan that depends on the session, or changes it. */
export function stateful(
  kind: string,
  text: string,
  expect: (state: State) => { stdout?: Printed; next?: State },
  more: { cwd?: string; env?: Record<string, string> } = {},
): Plan {
  return {
    kind,
    text,
    ending: 'itself',
    independent: false,
    ...more,
    expect: (state) => {
      const { stdout = '', next = state } = expect(state);
      return { stdout: Buffer.from(stdout), stderr: Buffer.alloc(0), exitCode: 0, next };
    },
  };
}

/** As one word of bash. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

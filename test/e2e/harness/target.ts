// What a test knows of the program under test. It is data, because it travels to vitest's workers.
export type TargetName = 'engine' | 'embedded' | 'docker';

export interface Target {
  name: TargetName;
  /** Prefix of every path of the API, without a slash at its end. */
  url: string;
  /** Prefix of what needs no sandbox: `/health`. */
  origin: string;
  headers: Record<string, string>;
  /** The engine's own process and files, where they are ours to look at: with `engine` only. */
  engine?: { pid: number; stateDir: string };
}

declare module 'vitest' {
  interface ProvidedContext {
    target: Target;
  }
}

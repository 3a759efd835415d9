// What is known of a session's shell, through all the shells that the session has one after the other. Pure.
// Invariant: the number of a run is given once, so that no report is ever taken for another's.
import type { SessionState, TypedRun } from '../journal/state.ts';
import type { Checkpoint } from '../shell/checkpoint.ts';

/** A shell is tried with the whole state and with less of it. */
const UNNOTED_RUNS = 4;

export class ShellFacts {
  cwd: string;
  #runs = 0;
  /** Run whose checkpoint the shell must have made before the next command. */
  checkpoint = 0;
  /** `$?` of the last command. */
  lastStatus = 0;
  /** The last restored state was too large and lacks its largest variables. */
  stateTruncated = false;
  /** The user's TMOUT. */
  idleTimeoutSeconds = 0;
  /** Where the session had been, if that is gone since its shell was made anew. */
  missingCwd: string | undefined;

  constructor(cwd: string) {
    this.cwd = cwd;
  }

  /** Becomes what an engine that died had noted. */
  restore(state: SessionState): void {
    this.cwd = state.pwd ?? state.cwd;
    // Of runs that only load a state the dead engine had no time to note: their numbers are not used again.
    this.#runs = (state.runs ?? 0) + UNNOTED_RUNS;
    this.checkpoint = state.checkpoint ?? 0;
    this.lastStatus = state.lastStatus ?? 0;
    this.stateTruncated = state.stateTruncated ?? false;
    this.idleTimeoutSeconds = state.idleTimeoutSeconds ?? 0;
    this.missingCwd = state.missingCwd ?? undefined;
  }

  /** The last command that an engine which died had typed. */
  inherit({ run, withCheckpoint }: TypedRun): void {
    this.#runs = Math.max(this.#runs, run);
    if (withCheckpoint) this.checkpoint = run;
  }

  /** Goes on behind a state that another engine saved. */
  beginBehind({ version, truncated }: Pick<Checkpoint, 'version' | 'truncated'>): void {
    this.#runs = Math.ceil(version / 2);
    this.stateTruncated = truncated;
  }

  /** What is to be noted after a command. */
  state(): Partial<SessionState> {
    return {
      pwd: this.cwd,
      runs: this.#runs,
      checkpoint: this.checkpoint,
      lastStatus: this.lastStatus,
      idleTimeoutSeconds: this.idleTimeoutSeconds,
      missingCwd: this.missingCwd ?? null,
      stateTruncated: this.stateTruncated,
    };
  }

  /** Number of the last run that was typed. */
  get runs(): number {
    return this.#runs;
  }

  nextRun(): number {
    return ++this.#runs;
  }

  /** Told once. */
  takeMissingCwd(): string | undefined {
    const missing = this.missingCwd;
    this.missingCwd = undefined;
    return missing;
  }
}

// Keeps the shell of a session: starts it, and where it died or was put to sleep starts another that is made
// equal from the newest saved state.
// Owner of: the shell, its two FIFOs, the saved states. Asleep it has no process and no descriptor.
import { existsSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { LIMITS } from '#protocol';
import type { FifoPool } from '../fifo/pool.ts';
import type { SessionState, TypedRun } from '../journal/state.ts';
import type { Poller } from '../linux/poller.ts';
import { killReadersOf } from '../proc/signal.ts';
import type { ProcessStat } from '../proc/stat.ts';
import { type Checkpoint, disabledBuiltins, SECTIONS, savedVariable } from '../shell/checkpoint.ts';
import { checkpointLine } from '../shell/lines.ts';
import type { ShellPaths } from '../shell/rc.ts';
import type { Report } from '../shell/report.ts';
import { Shell } from '../shell/shell.ts';
import { isAtRest } from './at-rest.ts';
import { nearestDirectory, shellDirectory } from './directory.ts';
import { restore } from './restore.ts';
import { StateFiles } from './state-files.ts';

export interface ShellKeeperOptions {
  fifos: FifoPool;
  /** Folder of exit files. */
  exits: string;
  /** Of the session's control files. */
  folder: string;
  /** Where the state is kept while there is no shell. */
  keptPath: string;
  cwd: string;
  env: Record<string, string>;
  /** Of the session: tells its shells' reports from any other session's; runs are counted through all of them. */
  key: string;
  poller: Poller;
  /** Notes what another engine needs to go on. Throws when that cannot be kept. */
  record(set: Partial<SessionState>): void;
}

/** How much of the saved state a fresh shell has; see `revive`. */
export type Restored = 'whole' | 'quiet' | 'none';

export class ShellKeeper {
  readonly #options: ShellKeeperOptions;
  readonly #states: StateFiles;
  #shell: Shell | undefined;
  #paths: ShellPaths | undefined;
  /** Resolves when the last shell that was ended is gone. */
  #gone: Promise<void> = Promise.resolve();
  /** Counts runs through all shells of the session, so that no report is ever taken for another's. */
  #runs = 0;
  /** Run whose checkpoint the shell must have made before the next command. */
  checkpoint = 0;
  /** `$?` of the last command. */
  lastStatus = 0;
  cwd: string;
  /** The last restored state was too large and lacks its largest variables. */
  stateTruncated = false;
  #missingCwd: string | undefined;
  #idleTimeoutSeconds = 0;
  #idleTimer: NodeJS.Timeout | undefined;
  #closed = false;
  /** A command runs: its shell needs no waking. */
  busy = false;

  constructor(options: ShellKeeperOptions) {
    this.#options = options;
    this.#states = new StateFiles(options.folder, options.keptPath, options.key);
    this.cwd = options.cwd;
  }

  /** The first shell of a new session. */
  start(): void {
    this.#start(this.cwd, true);
  }

  /** Goes on with the shell of an engine that died, also where it ended meanwhile. */
  adopt(state: SessionState): void {
    const { exits, folder, key, poller } = this.#options;
    this.cwd = state.pwd ?? state.cwd;
    // Of runs that only load a state the dead engine had no time to note: their numbers are not used again.
    this.#runs = (state.runs ?? 0) + UNNOTED_RUNS;
    this.#options.record({ runs: this.#runs });
    this.checkpoint = state.checkpoint ?? 0;
    this.lastStatus = state.lastStatus ?? 0;
    this.stateTruncated = state.stateTruncated ?? false;
    this.#missingCwd = state.missingCwd ?? undefined;
    if (!state.fifos) return;
    this.#paths = { ...state.fifos, exits, folder };
    const shell = state.shell ?? undefined;
    this.#shell = Shell.adopt({ paths: this.#paths, key }, shell, poller);
    // A half loaded one is not what the session was.
    if (!state.ready) this.#shell.signal('SIGKILL');
    this.#keepAwake(state.idleTimeoutSeconds ?? 0);
  }

  /** The last command that an engine which died had typed. */
  inherit({ run, withCheckpoint }: TypedRun): void {
    this.#runs = Math.max(this.#runs, run);
    if (withCheckpoint) this.checkpoint = run;
  }

  /** What is to be noted after a command. */
  state(): Partial<SessionState> {
    return {
      pwd: this.cwd,
      runs: this.#runs,
      checkpoint: this.checkpoint,
      lastStatus: this.lastStatus,
      idleTimeoutSeconds: this.#idleTimeoutSeconds,
      missingCwd: this.#missingCwd ?? null,
      stateTruncated: this.stateTruncated,
    };
  }

  get key(): string {
    return this.#options.key;
  }

  /** A session that another engine saved, asleep. */
  load(saved: { state: Checkpoint | undefined; cwd: string; lastStatus: number }): void {
    const { state, cwd, lastStatus } = saved;
    this.cwd = cwd;
    this.lastStatus = lastStatus;
    if (!state) return;
    this.#states.keep(state);
    this.#runs = Math.ceil(state.version / 2);
    this.stateTruncated = state.truncated;
  }

  /** Of a session that is not asleep; it may have died. */
  get shell(): Shell {
    if (!this.#shell) throw new Error('the session is asleep');
    return this.#shell;
  }

  get alive(): boolean {
    return this.#shell?.alive ?? false;
  }

  get asleep(): boolean {
    return this.#shell === undefined;
  }

  /** Number of the last run that was typed. */
  get runs(): number {
    return this.#runs;
  }

  nextRun(): number {
    return ++this.#runs;
  }

  /**
   * Asks for the checkpoint once more: an interrupt at the end of a command may have hit its writing, and
   * the next command then takes the shell for one that cannot source.
   */
  retryCheckpoint(): void {
    this.checkpoint = this.#runs;
    this.shell.note(checkpointLine(this.#runs, this.#options.folder));
  }

  /** The last whole checkpoint, if there is one yet. */
  savedState(): Checkpoint | undefined {
    return this.#states.newest();
  }

  /** Version of the last whole checkpoint, 0 before the first. */
  get version(): number {
    return this.#states.version(2 * this.checkpoint);
  }

  /** The shell is about to write a checkpoint. */
  get isPending(): boolean {
    return this.alive && this.version < 2 * this.checkpoint;
  }

  /** Takes over what a report tells about the shell. */
  note(report: Report): void {
    if (typeof report.status === 'number') this.lastStatus = report.status;
    this.cwd = shellDirectory(report.pwd, linkOf(`/proc/${this.shell.pid}/cwd`));
    this.#keepAwake(report.idleTimeoutSeconds);
  }

  /** The same where the report itself was not heard, but its file was found. */
  noteStatus(status: number): void {
    this.lastStatus = status;
    this.cwd = linkOf(`/proc/${this.shell.pid}/cwd`) ?? this.cwd;
  }

  /** The status with which the last shell ended, if it ended by itself. */
  endStatus(): number | undefined {
    const name = this.#endFile();
    return name === undefined ? undefined : Number(name.slice(ENDED.length));
  }

  /** Where the session had been, if that is gone since its shell was made anew; told once. */
  takeMissingCwd(): string | undefined {
    const missing = this.#missingCwd;
    this.#missingCwd = undefined;
    return missing;
  }

  /**
   * Replaces a shell that is dead or no longer answers. `quiet` leaves out what runs at a prompt, for a
   * shell that was made deaf; `none` the whole state, for one that breaks every shell it is loaded into.
   */
  async revive(state: Restored): Promise<Restored> {
    const { shell: old } = this;
    if (state !== 'whole') {
      // Stopped first: at the death of a reader it would start the next one.
      old.signal('SIGSTOP');
      killReadersOf(this.#paths!.input, old.pid);
    }
    old.signal('SIGKILL');
    await old.ended;
    clearInterval(this.#idleTimer);
    const saved = this.#states.newest();
    const pwd = saved && savedVariable(saved, 'PWD');
    return this.#renew(state, saved, pwd?.startsWith('/') ? pwd : this.cwd);
  }

  /** Gives the shell back if a checkpoint holds all that it is; false if it does not. */
  sleep(processes: () => ProcessStat[]): boolean {
    const shell = this.#shell;
    if (!shell?.alive || this.busy || shell.atPrompt() !== 'alone') return false;
    if (!isAtRest(shell.pid, this.#paths!, processes)) return false;
    const state = this.#states.newest();
    if (this.#runs > 0 && !(state && state.version >= 2 * this.#runs && carriesAll(state))) return false;
    try {
      if (state) this.#states.keep(state);
    } catch {
      return false; // no room on the disk: it stays as it is
    }
    // Not by its own end: that would run a user's EXIT trap.
    shell.signal('SIGKILL');
    this.#gone = shell.ended;
    this.#shell = undefined;
    clearInterval(this.#idleTimer);
    this.#options.record({ fifos: null, shell: null });
    this.#removeControlFiles();
    return true;
  }

  /** A fresh shell for a session that is asleep. */
  async wake(): Promise<Restored> {
    const saved = this.#states.newest();
    if (saved || this.#runs === 0) return this.#renew('whole', saved, this.cwd);
    await this.#renew('none', undefined, this.cwd); // its file is broken
    this.stateTruncated = true;
    return 'none';
  }

  /** Ends the shell, also one that is just being started, and starts no other. */
  end(): void {
    this.#closed = true;
    clearInterval(this.#idleTimer);
    this.#shell?.signal('SIGKILL');
  }

  /** Resolves when no shell lives and no file is left. */
  async close(): Promise<void> {
    this.end();
    await this.#gone;
    await this.#shell?.ended;
    this.#removeControlFiles();
    this.#states.remove();
  }

  async #renew(state: Restored, saved: Checkpoint | undefined, pwd: string): Promise<Restored> {
    if (this.#closed) return state;
    if (state === 'none') this.#states.remove();
    const wanted = state === 'none' || !saved ? this.#options.cwd : pwd;
    const place = nearestDirectory(wanted);
    const bare = !saved || state === 'none';
    this.#start(place, bare);
    if (place !== wanted) this.#missingCwd = wanted;
    this.cwd = place;
    if (bare) return state;
    const { folder } = this.#options;
    const run = this.nextRun();
    const quiet = state === 'quiet';
    const script = { cwd: place, maxBytes: LIMITS.checkpointBytes, quiet, now: Date.now() };
    const restored = await restore(saved, script, { shell: this.shell, folder, run });
    if (this.#closed) return state;
    if (!restored) {
      const less = await this.revive(quiet ? 'none' : 'quiet');
      this.stateTruncated = true;
      return less;
    }
    rmSync(`${this.#options.exits}/${this.#options.key}.${run}.0`, { force: true });
    const status = this.lastStatus;
    this.note(restored.report);
    this.lastStatus = status;
    this.stateTruncated = restored.truncated || saved.truncated;
    // Of its own, so that what is told of the state is told of this shell.
    this.retryCheckpoint();
    this.#options.record({ ...this.state(), ready: true });
    return state;
  }

  /** `ready`: nothing will be loaded into it. */
  #start(cwd: string, ready: boolean): void {
    const { fifos, exits, folder, env, key, record } = this.#options;
    this.#discardFifos();
    // Its own, so that nothing that was typed for another shell, or reported by one, is ever taken for this one's.
    this.#paths = { input: fifos.take(), control: fifos.take(), exits, folder };
    this.checkpoint = 0;
    const { input, control } = this.#paths;
    // On record before it lives: one that nobody noted is found by its input.
    record({ fifos: { input, control }, shell: null, ready, checkpoint: 0 });
    const end = this.#endFile();
    if (end) rmSync(`${folder}/${end}`);
    this.#shell = Shell.start({ paths: this.#paths, key, cwd, env });
    record({ shell: this.#shell.name });
  }

  #endFile(): string | undefined {
    const { folder } = this.#options;
    return existsSync(folder) ? readdirSync(folder).find((name) => name.startsWith(ENDED)) : undefined;
  }

  #removeControlFiles(): void {
    this.#discardFifos();
    rmSync(this.#options.folder, { recursive: true, force: true });
  }

  #discardFifos(): void {
    if (!this.#paths) return;
    for (const fifo of [this.#paths.input, this.#paths.control]) this.#options.fifos.discard(fifo);
    this.#paths = undefined;
  }

  /** A shell with TMOUT set ends when its prompt is idle that long (bash(1), TMOUT); sessions do not. */
  #keepAwake(idleTimeoutSeconds: number): void {
    clearInterval(this.#idleTimer);
    this.#idleTimeoutSeconds = idleTimeoutSeconds;
    if (idleTimeoutSeconds <= 0) return;
    const everyMs = Math.min(idleTimeoutSeconds * 300, 60_000);
    this.#idleTimer = setInterval(() => this.busy || this.shell.nudge(), everyMs);
  }
}

/** A shell is tried with the whole state and with less of it. */
const UNNOTED_RUNS = 4;

/** The file that a shell makes which ends by itself: this and its status. */
const ENDED = 'ended.';

/** Builtins without which the next checkpoint, or the shell itself, would not be what it was. */
const NEEDED = new Set(
  '. source builtin command eval declare alias trap umask echo enable complete'.split(' '),
);

/** A process in the background was never the state's: its exit code can still be asked for. */
function carriesAll(state: Checkpoint): boolean {
  const size = SECTIONS.reduce((sum, name) => sum + state[name].length, 0);
  return (
    state.background === '' &&
    size <= LIMITS.checkpointBytes &&
    !disabledBuiltins(state).some((name) => NEEDED.has(name))
  );
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

// Keeps the shell of a session: starts it, and where it died or was put to sleep starts another that is made
// equal from the newest saved state.
// Owner of: the shell, its two FIFOs, the saved states. Asleep it has no process and no descriptor.
import { rmSync } from 'node:fs';
import { LIMITS } from '#protocol';
import type { FifoPool } from '../fifo/pool.ts';
import type { SessionState } from '../journal/state.ts';
import type { Poller } from '../linux/poller.ts';
import { killReadersOf } from '../proc/signal.ts';
import type { ProcessStat } from '../proc/stat.ts';
import { removeFile } from '../remove-file.ts';
import { type Checkpoint, savedDirectory } from '../shell/checkpoint.ts';
import { endStatusIn, removeEndFile } from '../shell/end-file.ts';
import { checkpointLine } from '../shell/lines.ts';
import type { ShellPaths } from '../shell/rc.ts';
import type { Report } from '../shell/report.ts';
import { Shell } from '../shell/shell.ts';
import { isAtRest } from './at-rest.ts';
import { carriesAll } from './carries-all.ts';
import { directoryOf, nearestDirectory, shellDirectory } from './directory.ts';
import { KeepAwake } from './keep-awake.ts';
import { restore } from './restore.ts';
import { ShellFacts } from './shell-facts.ts';
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
  /** Of this shell and those before it. */
  readonly facts: ShellFacts;
  readonly #awake = new KeepAwake(() => this.busy || this.shell.nudge());
  #shell: Shell | undefined;
  #paths: ShellPaths | undefined;
  /** Resolves when the last shell that was ended is gone. */
  #gone: Promise<void> = Promise.resolve();
  #closed = false;
  /** A command runs: its shell needs no waking. */
  busy = false;

  constructor(options: ShellKeeperOptions) {
    this.#options = options;
    this.#states = new StateFiles(options.folder, options.keptPath, options.key);
    this.facts = new ShellFacts(options.cwd);
  }

  /** The first shell of a new session. */
  start(): void {
    this.#start(this.facts.cwd, true);
  }

  /** Goes on with the shell of an engine that died, also where it ended meanwhile. */
  adopt(state: SessionState): void {
    const { exits, folder, key, poller } = this.#options;
    this.facts.restore(state);
    this.#options.record({ runs: this.facts.runs });
    if (!state.fifos) return;
    this.#paths = { ...state.fifos, exits, folder };
    const shell = state.shell ?? undefined;
    this.#shell = Shell.adopt({ paths: this.#paths, key }, shell, poller);
    // A half loaded one is not what the session was.
    if (!state.ready) this.#shell.signal('SIGKILL');
    this.#awake.every(this.facts.idleTimeoutSeconds);
  }

  get key(): string {
    return this.#options.key;
  }

  /** A session that another engine saved, asleep. */
  load(saved: { state: Checkpoint | undefined; cwd: string; lastStatus: number }): void {
    const { state, cwd, lastStatus } = saved;
    this.facts.cwd = savedDirectory(state, cwd);
    this.facts.lastStatus = lastStatus;
    if (!state) return;
    this.#states.keep(state);
    this.facts.beginBehind(state);
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

  /**
   * Asks for the checkpoint once more: an interrupt at the end of a command may have hit its writing, and
   * the next command then takes the shell for one that cannot source.
   */
  retryCheckpoint(): void {
    const { runs } = this.facts;
    this.facts.checkpoint = runs;
    this.shell.note(checkpointLine(runs, this.#options.folder));
  }

  /** The last whole checkpoint, if there is one yet. */
  savedState(): Checkpoint | undefined {
    return this.#states.newest();
  }

  /** Version of the last whole checkpoint, 0 before the first. */
  get version(): number {
    return this.#states.version(2 * this.facts.checkpoint);
  }

  /** The shell is about to write a checkpoint. */
  get isPending(): boolean {
    return this.alive && this.version < 2 * this.facts.checkpoint;
  }

  /** Takes over what a report tells about the shell. */
  note(report: Report): void {
    if (typeof report.status === 'number') this.facts.lastStatus = report.status;
    this.facts.cwd = shellDirectory(report.pwd, directoryOf(this.shell.pid));
    this.facts.idleTimeoutSeconds = report.idleTimeoutSeconds;
    this.#awake.every(report.idleTimeoutSeconds);
  }

  /** The same where the report itself was not heard, but its file was found. */
  noteStatus(status: number): void {
    this.facts.lastStatus = status;
    this.facts.cwd = directoryOf(this.shell.pid) ?? this.facts.cwd;
  }

  /** The status with which the last shell ended, if it ended by itself. */
  endStatus(): number | undefined {
    return endStatusIn(this.#options.folder);
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
    this.#awake.stop();
    const saved = this.#states.newest();
    return this.#renew(state, saved, savedDirectory(saved, this.facts.cwd));
  }

  /** Gives the shell back if a checkpoint holds all that it is; false if it does not. */
  sleep(processes: () => ProcessStat[]): boolean {
    const shell = this.#shell;
    if (!shell?.alive || this.busy || shell.atPrompt() !== 'alone') return false;
    if (!isAtRest(shell.pid, this.#paths!, processes)) return false;
    const state = this.#states.newest();
    if (this.facts.runs > 0 && !(state && state.version >= 2 * this.facts.runs && carriesAll(state)))
      return false;
    try {
      if (state) this.#states.keep(state);
    } catch {
      return false; // no room on the disk: it stays as it is
    }
    // Not by its own end: that would run a user's EXIT trap.
    shell.signal('SIGKILL');
    this.#gone = shell.ended;
    this.#shell = undefined;
    this.#awake.stop();
    this.#options.record({ fifos: null, shell: null });
    this.#removeControlFiles();
    return true;
  }

  /** A fresh shell for a session that is asleep. */
  async wake(): Promise<Restored> {
    const saved = this.#states.newest();
    if (saved || this.facts.runs === 0)
      return this.#renew('whole', saved, savedDirectory(saved, this.facts.cwd));
    await this.#renew('none', undefined, this.facts.cwd); // its file is broken
    this.facts.stateTruncated = true;
    return 'none';
  }

  /** Ends the shell, also one that is just being started, and starts no other. */
  end(): void {
    this.#closed = true;
    this.#awake.stop();
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
    if (place !== wanted) this.facts.missingCwd = wanted;
    this.facts.cwd = place;
    if (bare) return state;
    const { folder } = this.#options;
    const run = this.facts.nextRun();
    const quiet = state === 'quiet';
    const script = { cwd: place, maxBytes: LIMITS.checkpointBytes, quiet, now: Date.now() };
    const restored = await restore(saved, script, { shell: this.shell, folder, run });
    if (this.#closed) return state;
    if (!restored) {
      const less = await this.revive(quiet ? 'none' : 'quiet');
      this.facts.stateTruncated = true;
      return less;
    }
    removeFile(`${this.#options.exits}/${this.#options.key}.${run}.0`);
    const status = this.facts.lastStatus;
    this.note(restored.report);
    this.facts.lastStatus = status;
    this.facts.stateTruncated = restored.truncated || saved.truncated;
    // Of its own, so that what is told of the state is told of this shell.
    this.retryCheckpoint();
    this.#options.record({ ...this.facts.state(), ready: true });
    return state;
  }

  /** `ready`: nothing will be loaded into it. */
  #start(cwd: string, ready: boolean): void {
    const { fifos, exits, folder, env, key, record } = this.#options;
    // Its own, so that nothing that was typed for another shell, or reported by one, is ever taken for this one's.
    const paths = { input: fifos.take(), control: fifos.take(), exits, folder };
    this.facts.checkpoint = 0;
    const { input, control } = paths;
    // On record before it lives: one that nobody noted is found by its input. What is on record is there: the
    // last one's go after that.
    record({ fifos: { input, control }, shell: null, ready, checkpoint: 0 });
    this.#discardFifos();
    this.#paths = paths;
    removeEndFile(folder);
    this.#shell = Shell.start({ paths, key, cwd, env });
    record({ shell: this.#shell.name });
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
}

// A session: one shell, and the commands that run in it one at a time, in order of arrival.
// A session that is long idle sleeps: it has no shell then, and the next command finds one that is equal.
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError, type SavedSession, type SessionInfo } from '#protocol';
import type { Command } from '../command/command.ts';
import type { FifoPool } from '../fifo/pool.ts';
import type { Journal } from '../journal/journal.ts';
import type { CommandRecord, SessionState } from '../journal/state.ts';
import type { Poller } from '../linux/poller.ts';
import type { Owner } from '../proc/belonging.ts';
import { endAtOnce } from '../proc/end-at-once.ts';
import type { ProcessStat } from '../proc/stat.ts';
import { type Checkpoint, savedDirectory } from '../shell/checkpoint.ts';
import type { ExitFiles } from '../shell/exit-files.ts';
import { Outputs } from './outputs.ts';
import { type LoadedSession, savedSession } from './saved-session.ts';
import { ShellKeeper } from './shell-keeper.ts';
import { Turns } from './turns.ts';

export interface SessionOptions {
  id: string;
  /** Existing and absolute. */
  cwd: string;
  /** What every session inherits. */
  inherited: Record<string, string>;
  /** Its own, on top of that. */
  env: Record<string, string>;
  /** Another engine saved it: it begins asleep. */
  saved?: LoadedSession;
  /** For this session's control files. */
  folder: string;
  /** Where its state is kept while it sleeps. */
  keptPath: string;
  /** An engine that died had it. */
  left?: { key: string; state: SessionState };
  journal: Journal;
  poller: Poller;
  fifos: FifoPool;
  exits: ExitFiles;
  now(): Date;
  randomKey(): string;
  /** Called before a shell is started for a session that has none. 429 TOO_MANY_SESSIONS. */
  makeRoom(): void;
  /** A command of this session started or ended. */
  onChange(command: Command): void;
}

/** What a process takes over from its session. */
export interface SessionCopy {
  /** Undefined before the session's first command. */
  state: Checkpoint | undefined;
  cwd: string;
  env: Record<string, string>;
  /** Marks all processes of the session. */
  key: string;
}

const CHECKPOINT_PATIENCE_MS = 1000;

export class Session {
  readonly id: string;
  readonly #options: SessionOptions;
  readonly #key: string;
  readonly #keeper: ShellKeeper;
  readonly #outputs: Outputs;
  readonly #turns: Turns;
  readonly #createdAt: Date;
  #lastUsedAt: Date;
  #idleSince = performance.now();
  #used = false;
  #saveTruncated = false;
  /** Run whose checkpoint did not come in time: it is not waited for again. */
  #givenUp = 0;

  constructor(options: SessionOptions) {
    const { id, exits, fifos, folder, keptPath, cwd, saved, left, randomKey, journal, poller } = options;
    this.id = id;
    this.#options = options;
    this.#key = left?.key ?? randomKey();
    this.#createdAt = left ? new Date(left.state.createdAt) : (saved?.createdAt ?? options.now());
    this.#lastUsedAt = left ? new Date(left.state.lastUsedAt) : (saved?.lastUsedAt ?? this.#createdAt);
    this.#used = left?.state.used ?? false;
    const remade = left?.state.remade ?? saved !== undefined;
    this.#outputs = new Outputs(fifos, poller);
    const env = this.#environment();
    const key = this.#key;
    const record = (set: Partial<SessionState>) => journal.session(key, set);
    const shell = { exits: exits.folder, keptPath, cwd, env, poller, record };
    this.#keeper = new ShellKeeper({ fifos, folder, key, ...shell });
    this.#turns = new Turns({
      sessionId: id,
      sessionKey: key,
      keeper: this.#keeper,
      outputs: this.#outputs,
      fifos,
      exits,
      folder,
      remade,
      lastUsedAt: () => this.#lastUsedAt,
      now: options.now,
      onChange: options.onChange,
      onTurn: () => this.#touch(),
    });
    if (left) {
      this.#keeper.adopt(left.state);
      return;
    }
    try {
      record(this.#identity(remade));
      if (saved) {
        this.#keeper.load(saved);
        record(this.#keeper.facts.state());
      } else this.#keeper.start();
    } catch (error) {
      journal.note({ is: 'no session', key });
      void this.#keeper.close();
      throw error;
    }
  }

  /** A command of an engine that died: to be gone on with, run, or only listened to for what comes late. */
  adopt(command: Command, record: CommandRecord): void {
    this.#turns.adopt(command, record);
  }

  /** Begins with what was adopted. */
  begin(): void {
    this.#turns.begin();
  }

  /** Marks all its processes. */
  get key(): string {
    return this.#key;
  }

  /** It has a shell, or is just getting one. */
  get holdsShell(): boolean {
    return this.#keeper.alive || this.#turns.busy !== undefined;
  }

  /** Somebody ran something in it. */
  get used(): boolean {
    return this.#used;
  }

  /** How long nothing was asked of it; 0 while a command runs. */
  get idleMs(): number {
    return this.#turns.busy ? 0 : performance.now() - this.#idleSince;
  }

  /** Version of its newest saved state, 0 before the first. */
  get checkpoint(): number {
    return this.#keeper.version;
  }

  info(): SessionInfo {
    return {
      id: this.id,
      cwd: this.#keeper.facts.cwd,
      createdAt: this.#createdAt.toISOString(),
      lastUsedAt: this.#lastUsedAt.toISOString(),
      runningCommand: this.#turns.running?.id ?? null,
      queueLength: this.#turns.waiting,
      ...(this.#keeper.facts.stateTruncated || this.#saveTruncated ? { stateTruncated: true } : {}),
    };
  }

  /** Runs it now, or when those before it are done. 429 QUEUE_FULL, TOO_MANY_SESSIONS. */
  submit(command: Command): void {
    if (!this.holdsShell) this.#options.makeRoom();
    this.#turns.push(command);
    this.#touch();
    this.#turns.begin();
  }

  /** Gives its shell back where nobody could notice; false where it stays. */
  sleep(processes: () => ProcessStat[]): boolean {
    if (this.#turns.busy || this.#turns.closed || this.#outputs.held || !this.#keeper.sleep(processes))
      return false;
    this.#outputs.closeFree();
    return true;
  }

  /** Waits until the state that the last command left is written; a busy session is not waited for. */
  async settled(): Promise<void> {
    const keeper = this.#keeper;
    const patience = performance.now() + CHECKPOINT_PATIENCE_MS;
    while (this.isPending) {
      if (performance.now() > patience) this.#givenUp = keeper.facts.checkpoint;
      await sleep(1);
    }
  }

  /** Its shell is about to write the state that the last command left. */
  get isPending(): boolean {
    return !this.#turns.busy && this.#keeper.isPending && this.#keeper.facts.checkpoint !== this.#givenUp;
  }

  /** What another engine makes the session of again, from the newest saved state. */
  save(): SavedSession {
    const keeper = this.#keeper;
    const state = keeper.savedState();
    const { saved, truncated } = savedSession(
      {
        id: this.id,
        version: state?.version ?? 0,
        cwd: savedDirectory(state, keeper.facts.cwd),
        env: this.#options.env,
        createdAt: this.#createdAt.toISOString(),
        lastUsedAt: this.#lastUsedAt.toISOString(),
        lastStatus: keeper.facts.lastStatus,
      },
      state,
    );
    this.#saveTruncated = truncated;
    return saved;
  }

  /**
   * What a process starts as a copy of: the last checkpoint. An idle session's is waited for, which takes
   * about a millisecond; one that sleeps goes on sleeping. 404 SESSION_NOT_FOUND when it is deleted meanwhile.
   */
  async copy(): Promise<SessionCopy> {
    this.#touch();
    await this.settled();
    if (this.#turns.closed)
      throw new HoldfastError('SESSION_NOT_FOUND', `the session ${this.id} was deleted`);
    const state = this.#keeper.savedState();
    const cwd = savedDirectory(state, this.#keeper.facts.cwd);
    return { state, cwd, env: this.#environment(), key: this.#key };
  }

  /** Ends the running command as an interrupt does; answers its id, or null if none runs. */
  interrupt(): string | null {
    return this.#turns.interrupt();
  }

  /** Ends `command`: interrupts it if it runs, takes it out of the queue if it waits. */
  cancel(command: Command): void {
    this.#turns.cancel(command);
  }

  /** Sends a signal to all that the running command started, or to the shell if it is alone. */
  signal(command: Command, signal: number): void {
    this.#turns.signal(command, signal);
  }

  /** Looks after the running command; called several times a second. */
  look(): void {
    this.#turns.look();
  }

  /** By what its processes are found; undefined while it sleeps, when it has none. */
  owner(): Owner | undefined {
    if (this.#keeper.asleep) return undefined;
    return { sessionKey: this.#key, shellPid: this.#keeper.shell.pid, known: new Map() };
  }

  /** Kills all that the session runs; what waits gets 404. */
  async delete(): Promise<void> {
    this.#tryNote(() => this.#options.journal.session(this.#key, { deleting: true }));
    const owner = this.owner() ?? { sessionKey: this.#key, shellPid: undefined, known: new Map() };
    this.#turns.close();
    // The shell first: a loop would go on starting what is being ended.
    this.#keeper.end();
    await endAtOnce(owner);
    await this.#turns.busy;
    await this.#keeper.close();
    await endAtOnce(owner);
    this.#outputs.close();
    this.#tryNote(() => this.#options.journal.note({ is: 'no session', key: this.#key }));
  }

  /** A full disk does not keep a session from being deleted. */
  #tryNote(note: () => void): void {
    try {
      note();
    } catch (error) {
      console.error(`the end of session ${this.id} is not in the journal:`, (error as Error).message);
    }
  }

  #identity(remade: boolean): SessionState {
    const { cwd, env, folder, keptPath } = this.#options;
    return {
      id: this.id,
      cwd,
      env,
      folder,
      keptPath,
      createdAt: this.#createdAt.toISOString(),
      lastUsedAt: this.#lastUsedAt.toISOString(),
      remade,
    };
  }

  #environment(): Record<string, string> {
    return { ...this.#options.inherited, ...this.#options.env, __hf_session: this.#key };
  }

  #touch(): void {
    this.#used = true;
    this.#lastUsedAt = this.#options.now();
    this.#idleSince = performance.now();
  }
}

// A session: one shell, and the commands that run in it one at a time, in order of arrival.
// Interrupt, stdin, signal and delete never wait behind a running command. A session that is long idle sleeps:
// it has no shell then, and the next command finds one that is equal.
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError, type SavedSession, type SessionInfo } from '#protocol';
import type { Command } from '../command/command.ts';
import type { FifoPool } from '../fifo/pool.ts';
import type { Journal } from '../journal/journal.ts';
import type { CommandRecord, SessionState } from '../journal/state.ts';
import type { Poller } from '../linux/poller.ts';
import { endAtOnce } from '../proc/end-at-once.ts';
import { processesOf, send, sendAll } from '../proc/signal.ts';
import type { ProcessStat } from '../proc/stat.ts';
import { type Checkpoint, savedVariable } from '../shell/checkpoint.ts';
import type { ExitFiles } from '../shell/exit-files.ts';
import { asHoldfastError } from '../system-error.ts';
import { ForegroundRun } from './foreground.ts';
import { Outputs } from './outputs.ts';
import { SerialQueue } from './queue.ts';
import { type LoadedSession, savedSession } from './saved-session.ts';
import { ShellKeeper } from './shell-keeper.ts';

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
  readonly #queue = new SerialQueue<Command>();
  readonly #createdAt: Date;
  #lastUsedAt: Date;
  #idleSince = performance.now();
  #used = false;
  /** Another engine's shell had it: the next result says that it has a new one. */
  #remade: boolean;
  #saveTruncated = false;
  /** Run whose checkpoint did not come in time: it is not waited for again. */
  #givenUp = 0;
  #current: ForegroundRun | undefined;
  /** Its turn has come, and there is no shell yet. */
  #waking: Command | undefined;
  /** What an engine that died had begun. */
  #left: { command: Command; record: CommandRecord } | undefined;
  #busy: Promise<void> | undefined;
  #deleted = false;

  constructor(options: SessionOptions) {
    const { id, exits, fifos, folder, keptPath, cwd, saved, left, randomKey, journal, poller } = options;
    this.id = id;
    this.#options = options;
    this.#key = left?.key ?? randomKey();
    this.#createdAt = left ? new Date(left.state.createdAt) : (saved?.createdAt ?? options.now());
    this.#lastUsedAt = left ? new Date(left.state.lastUsedAt) : (saved?.lastUsedAt ?? this.#createdAt);
    this.#used = left?.state.used ?? false;
    this.#remade = left?.state.remade ?? saved !== undefined;
    this.#outputs = new Outputs(fifos, poller);
    const env = this.#environment();
    const key = this.#key;
    const record = (set: Partial<SessionState>) => journal.session(key, set);
    this.#keeper = new ShellKeeper({
      fifos,
      exits: exits.folder,
      folder,
      keptPath,
      cwd,
      env,
      key,
      poller,
      record,
    });
    if (left) {
      this.#keeper.adopt(left.state);
      return;
    }
    try {
      record(this.#identity());
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
    if (record.typed) this.#keeper.facts.inherit(record.typed);
    if (command.ended) this.#runOf(command).listenOn(record);
    else if (command.state === 'running') this.#left = { command, record };
    else this.#queue.push(command);
  }

  /** Begins with what was adopted. */
  begin(): void {
    if (this.#left || this.#queue.length > 0) this.#busy ??= this.#work();
  }

  /** Marks all its processes. */
  get key(): string {
    return this.#key;
  }

  /** It has a shell, or is just getting one. */
  get holdsShell(): boolean {
    return this.#keeper.alive || this.#busy !== undefined;
  }

  /** Somebody ran something in it. */
  get used(): boolean {
    return this.#used;
  }

  /** How long nothing was asked of it; 0 while a command runs. */
  get idleMs(): number {
    return this.#busy ? 0 : performance.now() - this.#idleSince;
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
      runningCommand: this.#current?.command.id ?? null,
      queueLength: this.#queue.length,
      ...(this.#keeper.facts.stateTruncated || this.#saveTruncated ? { stateTruncated: true } : {}),
    };
  }

  /** Runs it now, or when those before it are done. 429 QUEUE_FULL, TOO_MANY_SESSIONS. */
  submit(command: Command): void {
    if (!this.holdsShell) this.#options.makeRoom();
    this.#queue.push(command);
    this.#touch();
    this.#busy ??= this.#work();
  }

  /** Gives its shell back where nobody could notice; false where it stays. */
  sleep(processes: () => ProcessStat[]): boolean {
    if (this.#busy || this.#deleted || this.#outputs.held || !this.#keeper.sleep(processes)) return false;
    this.#outputs.closeFree();
    return true;
  }

  /** Waits until the state that the last command left is written; a busy session is not waited for. */
  async settled(): Promise<void> {
    const keeper = this.#keeper;
    const patience = performance.now() + CHECKPOINT_PATIENCE_MS;
    while (!this.#busy && keeper.isPending && keeper.facts.checkpoint !== this.#givenUp) {
      if (performance.now() > patience) this.#givenUp = keeper.facts.checkpoint;
      await sleep(1);
    }
  }

  /** What another engine makes the session of again. */
  async save(): Promise<SavedSession> {
    await this.settled();
    const keeper = this.#keeper;
    const state = keeper.savedState();
    const { saved, truncated } = savedSession(
      {
        id: this.id,
        version: state?.version ?? 0,
        cwd: keeper.facts.cwd,
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
    if (this.#deleted) throw new HoldfastError('SESSION_NOT_FOUND', `the session ${this.id} was deleted`);
    const state = this.#keeper.savedState();
    const cwd = (state && savedVariable(state, 'PWD')) ?? this.#keeper.facts.cwd;
    return { state, cwd, env: this.#environment(), key: this.#key };
  }

  /** Ends the running command as an interrupt does; answers its id, or null if none runs. */
  interrupt(): string | null {
    this.#current?.end('interrupt');
    this.#waking?.endFor('interrupt');
    return (this.#current?.command ?? this.#waking)?.id ?? null;
  }

  /** Ends `command`: interrupts it if it runs, takes it out of the queue if it waits. */
  cancel(command: Command): void {
    if (this.#current?.command === command) this.#current.end('interrupt');
    else if (this.#waking === command) command.endFor('interrupt');
    else if (this.#queue.remove(command)) {
      this.#drop(command, 'COMMAND_LOST', 'the command never ran: its client left while it waited');
    }
  }

  /**
   * Sends a signal to all that the running command started, or to the shell if it is alone. An interactive
   * bash ignores SIGTERM (bash(1), SIGNALS), so that a loop of builtins is ended as an interrupt would.
   */
  signal(command: Command, signal: number): void {
    const owner = this.#current?.command === command ? this.#current.owner : undefined;
    if (!owner) return;
    const started = processesOf(owner);
    sendAll(started, signal);
    if (started.length === 0 && signal === constants.signals.SIGTERM) this.#current!.end('terminated');
    else if (started.length === 0 || signal === constants.signals.SIGINT)
      send(this.#keeper.shell.pid, signal);
  }

  /** Looks after the running command; called several times a second. */
  look(): void {
    this.#current?.look();
  }

  /** Kills all that the session runs; what waits gets 404. */
  async delete(): Promise<void> {
    this.#deleted = true;
    this.#tryNote(() => this.#options.journal.session(this.#key, { deleting: true }));
    for (const command of this.#queue.clear()) {
      this.#drop(command, 'SESSION_NOT_FOUND', `the session ${this.id} was deleted`);
    }
    const shellPid = this.#keeper.asleep ? undefined : this.#keeper.shell.pid;
    const owner = { sessionKey: this.#key, shellPid, known: new Map() };
    this.#current?.end('deleted');
    // The shell first: a loop would go on starting what is being ended.
    this.#keeper.end();
    await endAtOnce(owner);
    await this.#busy;
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

  #identity(): SessionState {
    const { cwd, env, folder, keptPath } = this.#options;
    return {
      id: this.id,
      cwd,
      env,
      folder,
      keptPath,
      createdAt: this.#createdAt.toISOString(),
      lastUsedAt: this.#lastUsedAt.toISOString(),
      remade: this.#remade,
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

  async #work(): Promise<void> {
    const left = this.#left;
    this.#left = undefined;
    if (left) await this.#attend(left.command, (run) => run.resume(left.record));
    for (let command = this.#queue.shift(); command; command = this.#queue.shift()) {
      await this.#runOne(command);
      this.#touch();
    }
    // The last one typed may not have been the last in the queue: those behind it may have been cancelled.
    const keeper = this.#keeper;
    if (keeper.alive && keeper.facts.checkpoint < keeper.facts.runs && !this.#deleted)
      keeper.retryCheckpoint();
    this.#busy = undefined;
  }

  async #runOne(command: Command): Promise<void> {
    const options = this.#options;
    let restarted = false;
    this.#waking = command;
    try {
      // Nothing is waited for where there is a shell: what is wrong with a call is known before its answer begins.
      if (!this.#keeper.alive) restarted = await this.#wake();
    } catch (error) {
      command.fail(asHoldfastError(error, 'the session could not be given a shell'), options.now());
      options.onChange(command);
      return;
    }
    if (this.#deleted) {
      this.#drop(command, 'SESSION_NOT_FOUND', `the session ${this.id} was deleted`);
      return;
    }
    this.#waking = undefined;
    if (command.ending) {
      this.#drop(command, 'COMMAND_LOST', 'the command never ran: it was ended while its session woke');
      return;
    }
    await this.#attend(command, (run) => run.execute(restarted));
  }

  /** From its turn to its end. */
  async #attend(command: Command, begin: (run: ForegroundRun) => Promise<void>): Promise<void> {
    const { onChange, now } = this.#options;
    this.#current = this.#runOf(command);
    try {
      const run = begin(this.#current);
      onChange(command);
      await run;
    } catch (error) {
      // Nothing a command does may end the session's work: the caller is told, the next one runs.
      const told = asHoldfastError(error, 'the command could not be run');
      if (!command.ended) command.fail(told, now());
    }
    this.#current = undefined;
    onChange(command);
  }

  #runOf(command: Command): ForegroundRun {
    const { fifos, exits, folder, now } = this.#options;
    return new ForegroundRun(command, {
      keeper: this.#keeper,
      outputs: this.#outputs,
      fifos,
      exits,
      folder,
      sessionKey: this.#key,
      now,
      isLast: () => this.#queue.length === 0,
      sessionFields: () => ({
        used: true,
        remade: this.#remade,
        lastUsedAt: this.#lastUsedAt.toISOString(),
      }),
    });
  }

  /** Sees to it that there is a shell; answers whether the session's user can notice that it is another. */
  async #wake(): Promise<boolean> {
    const keeper = this.#keeper;
    if (keeper.alive || this.#deleted) return false;
    const { asleep } = keeper;
    const restored = await (asleep ? keeper.wake() : keeper.revive('whole'));
    const noticed = !asleep || this.#remade || restored !== 'whole';
    this.#remade = false;
    return noticed;
  }

  #drop(command: Command, code: 'COMMAND_LOST' | 'SESSION_NOT_FOUND', message: string): void {
    command.fail(new HoldfastError(code, message), this.#options.now());
    this.#options.onChange(command);
  }
}

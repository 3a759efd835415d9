// A session: one shell, and the commands that run in it one at a time, in order of arrival.
// Interrupt, stdin, signal and delete never wait behind a running command.
import { mkdirSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError, type SessionInfo } from '#protocol';
import type { Command } from '../command/command.ts';
import type { FifoPool } from '../fifo/pool.ts';
import { endAtOnce } from '../proc/end-at-once.ts';
import { processesOf, send, sendAll } from '../proc/signal.ts';
import { type Checkpoint, savedVariable } from '../shell/checkpoint.ts';
import type { ExitFiles } from '../shell/exit-files.ts';
import { ForegroundRun } from './foreground.ts';
import { Outputs } from './outputs.ts';
import { SerialQueue } from './queue.ts';
import { ShellKeeper } from './shell-keeper.ts';

export interface SessionOptions {
  id: string;
  /** Existing and absolute. */
  cwd: string;
  env: Record<string, string>;
  /** For this session's control files. */
  folder: string;
  fifos: FifoPool;
  exits: ExitFiles;
  now(): Date;
  randomKey(): string;
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
  readonly #fifos: { input: string; control: string };
  readonly #queue = new SerialQueue<Command>();
  readonly #createdAt: Date;
  #lastUsedAt: Date;
  #current: ForegroundRun | undefined;
  #busy: Promise<void> | undefined;
  #deleted = false;

  constructor(options: SessionOptions) {
    const { id, fifos, folder, env, cwd, randomKey } = options;
    this.id = id;
    this.#options = options;
    this.#key = randomKey();
    this.#createdAt = options.now();
    this.#lastUsedAt = this.#createdAt;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#fifos = { input: fifos.take(), control: fifos.take() };
    this.#outputs = new Outputs(fifos);
    try {
      this.#keeper = new ShellKeeper({
        paths: { ...this.#fifos, exits: options.exits.folder, folder },
        cwd,
        env: { ...env, __hf_session: this.#key },
        key: this.#key,
      });
    } catch (error) {
      this.#removeFiles();
      throw error;
    }
  }

  info(): SessionInfo {
    return {
      id: this.id,
      cwd: this.#keeper.cwd,
      createdAt: this.#createdAt.toISOString(),
      lastUsedAt: this.#lastUsedAt.toISOString(),
      runningCommand: this.#current?.command.id ?? null,
      queueLength: this.#queue.length,
      ...(this.#keeper.stateTruncated ? { stateTruncated: true } : {}),
    };
  }

  /** Runs it now, or when those before it are done. 429 QUEUE_FULL. */
  submit(command: Command): void {
    this.#lastUsedAt = this.#options.now();
    this.#queue.push(command);
    this.#busy ??= this.#work();
  }

  /**
   * What a process starts as a copy of: the last checkpoint. An idle session's is waited for, which takes
   * about a millisecond; a busy one is not waited for. 404 SESSION_NOT_FOUND when it is deleted meanwhile.
   */
  async copy(): Promise<SessionCopy> {
    const keeper = this.#keeper;
    this.#lastUsedAt = this.#options.now();
    let state = keeper.savedState();
    const patience = performance.now() + CHECKPOINT_PATIENCE_MS;
    while (!this.#busy && (state?.run ?? 0) < keeper.checkpoint && performance.now() < patience) {
      await sleep(1);
      state = keeper.savedState();
    }
    if (this.#deleted) throw new HoldfastError('SESSION_NOT_FOUND', `the session ${this.id} was deleted`);
    const cwd = (state && savedVariable(state, 'PWD')) ?? keeper.cwd;
    return { state, cwd, env: { ...this.#options.env, __hf_session: this.#key }, key: this.#key };
  }

  /** Ends the running command as an interrupt does; answers its id, or null if none runs. */
  interrupt(): string | null {
    const current = this.#current;
    current?.end('interrupt');
    return current?.command.id ?? null;
  }

  /** Ends `command`: interrupts it if it runs, takes it out of the queue if it waits. */
  cancel(command: Command): void {
    if (this.#current?.command === command) this.#current.end('interrupt');
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
    for (const command of this.#queue.clear()) {
      this.#drop(command, 'SESSION_NOT_FOUND', `the session ${this.id} was deleted`);
    }
    const { shell } = this.#keeper;
    const owner = { sessionKey: this.#key, shellPid: shell.pid, known: new Map() };
    this.#current?.end('deleted');
    // The shell first: a loop would go on starting what is being ended.
    shell.signal('SIGKILL');
    await shell.ended;
    await endAtOnce(owner);
    await this.#busy;
    await this.#keeper.close();
    await endAtOnce(owner);
    this.#outputs.close();
    this.#removeFiles();
  }

  #removeFiles(): void {
    const { fifos, folder } = this.#options;
    fifos.discard(this.#fifos.input);
    fifos.discard(this.#fifos.control);
    rmSync(folder, { recursive: true, force: true });
  }

  async #work(): Promise<void> {
    for (let command = this.#queue.shift(); command; command = this.#queue.shift()) {
      await this.#runOne(command);
      this.#lastUsedAt = this.#options.now();
    }
    // The last one typed may not have been the last in the queue: those behind it may have been cancelled.
    if (this.#keeper.checkpoint < this.#keeper.runs && !this.#deleted) this.#keeper.retryCheckpoint();
    this.#busy = undefined;
  }

  async #runOne(command: Command): Promise<void> {
    const { options, keeper } = { options: this.#options, keeper: this.#keeper };
    const restarted = !keeper.shell.alive;
    try {
      if (restarted && !this.#deleted) await keeper.revive('whole');
    } catch (error) {
      command.fail(error as HoldfastError, options.now());
      options.onChange(command);
      return;
    }
    if (this.#deleted) {
      this.#drop(command, 'SESSION_NOT_FOUND', `the session ${this.id} was deleted`);
      return;
    }
    this.#current = new ForegroundRun(command, {
      keeper,
      outputs: this.#outputs,
      fifos: options.fifos,
      exits: options.exits,
      folder: options.folder,
      sessionKey: this.#key,
      now: options.now,
      isLast: () => this.#queue.length === 0,
    });
    try {
      const run = this.#current.execute(restarted);
      options.onChange(command);
      await run;
    } catch (error) {
      // Nothing a command does may end the session's work: the caller is told, the next one runs.
      if (!command.ended) {
        command.fail(new HoldfastError('INTERNAL', 'the command could not be run'), options.now());
      }
      console.error(error);
    }
    this.#current = undefined;
    options.onChange(command);
  }

  #drop(command: Command, code: 'COMMAND_LOST' | 'SESSION_NOT_FOUND', message: string): void {
    command.fail(new HoldfastError(code, message), this.#options.now());
    this.#options.onChange(command);
  }
}

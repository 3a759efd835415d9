// The commands of one session: they run in its shell one at a time, in order of arrival.
// Invariant: nothing that a command does ends this work. Interrupt, signal and look never wait behind a command.
import { constants } from 'node:os';
import { HoldfastError } from '#protocol';
import type { Command } from '../command/command.ts';
import type { FifoPool } from '../fifo/pool.ts';
import type { CommandRecord } from '../journal/state.ts';
import { processesOf, send, sendAll } from '../proc/signal.ts';
import type { ExitFiles } from '../shell/exit-files.ts';
import { asHoldfastError } from '../system-error.ts';
import { ForegroundRun } from './foreground.ts';
import type { Outputs } from './outputs.ts';
import { SerialQueue } from './queue.ts';
import type { ShellKeeper } from './shell-keeper.ts';

export interface TurnsOptions {
  sessionId: string;
  /** Of the session: marks all its processes. */
  sessionKey: string;
  keeper: ShellKeeper;
  outputs: Outputs;
  fifos: FifoPool;
  exits: ExitFiles;
  /** For the session's control files. */
  folder: string;
  /** Another engine's shell had the session: the next result says that it has a new one. */
  remade: boolean;
  lastUsedAt(): Date;
  now(): Date;
  /** A command of this session started or ended. */
  onChange(command: Command): void;
  /** One that had its turn has ended. */
  onTurn(): void;
}

export class Turns {
  readonly #options: TurnsOptions;
  readonly #queue = new SerialQueue<Command>();
  #remade: boolean;
  #current: ForegroundRun | undefined;
  /** Its turn has come, and there is no shell yet. */
  #waking: Command | undefined;
  /** What an engine that died had begun. */
  #left: { command: Command; record: CommandRecord } | undefined;
  #busy: Promise<void> | undefined;
  #closed = false;

  constructor(options: TurnsOptions) {
    this.#options = options;
    this.#remade = options.remade;
  }

  /** A command of an engine that died: to be gone on with, run, or only listened to for what comes late. */
  adopt(command: Command, record: CommandRecord): void {
    if (record.typed) this.#options.keeper.facts.inherit(record.typed);
    if (command.ended) this.#runOf(command).listenOn(record);
    else if (command.state === 'running') this.#left = { command, record };
    else this.#queue.push(command);
  }

  /** 429 QUEUE_FULL. */
  push(command: Command): void {
    this.#queue.push(command);
  }

  /** Begins with what waits, if nothing runs. */
  begin(): void {
    if (this.#left || this.#queue.length > 0) this.#busy ??= this.#work();
  }

  /** Resolves when nothing runs or waits; undefined where nothing does. */
  get busy(): Promise<void> | undefined {
    return this.#busy;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get running(): Command | undefined {
    return this.#current?.command;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Ends the running command as an interrupt does; answers its id, or null if none runs. */
  interrupt(): string | null {
    this.#current?.end('interrupt');
    this.#waking?.endFor('interrupt');
    return (this.running ?? this.#waking)?.id ?? null;
  }

  /** Ends `command`: interrupts it if it runs, takes it out of the queue if it waits. */
  cancel(command: Command): void {
    if (this.running === command) this.#current!.end('interrupt');
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
    const owner = this.running === command ? this.#current!.owner : undefined;
    if (!owner) return;
    const started = processesOf(owner);
    sendAll(started, signal);
    if (started.length === 0 && signal === constants.signals.SIGTERM) this.#current!.end('terminated');
    else if (started.length === 0 || signal === constants.signals.SIGINT)
      send(this.#options.keeper.shell.pid, signal);
  }

  /** Looks after the running command; called several times a second. */
  look(): void {
    this.#current?.look();
  }

  /** The session is deleted: what waits gets 404, what runs is being ended. */
  close(): void {
    this.#closed = true;
    for (const command of this.#queue.clear()) this.#dropDeleted(command);
    this.#current?.end('deleted');
  }

  async #work(): Promise<void> {
    const { keeper, onTurn } = this.#options;
    const left = this.#left;
    this.#left = undefined;
    if (left) await this.#attend(left.command, (run) => run.resume(left.record));
    for (let command = this.#queue.shift(); command; command = this.#queue.shift()) {
      await this.#runOne(command);
      onTurn();
    }
    // The last one typed may not have been the last in the queue: those behind it may have been cancelled.
    const { facts } = keeper;
    if (keeper.alive && facts.checkpoint < facts.runs && !this.#closed) keeper.retryCheckpoint();
    this.#busy = undefined;
  }

  async #runOne(command: Command): Promise<void> {
    const { keeper, now, onChange } = this.#options;
    let restarted = false;
    this.#waking = command;
    try {
      // Nothing is waited for where there is a shell: what is wrong with a call is known before its answer begins.
      if (!keeper.alive) restarted = await this.#wake();
    } catch (error) {
      command.fail(asHoldfastError(error, 'the session could not be given a shell'), now());
      onChange(command);
      return;
    }
    if (this.#closed) {
      this.#dropDeleted(command);
      return;
    }
    this.#waking = undefined;
    if (command.ending) {
      this.#drop(command, 'COMMAND_LOST', 'the command never ran: it was ended while its session woke');
      return;
    }
    await this.#attend(command, (run) => run.execute(restarted));
  }

  /** Sees to it that there is a shell; answers whether the session's user can notice that it is another. */
  async #wake(): Promise<boolean> {
    const { keeper } = this.#options;
    if (keeper.alive || this.#closed) return false;
    const { asleep } = keeper;
    const restored = await (asleep ? keeper.wake() : keeper.revive('whole'));
    const noticed = !asleep || this.#remade || restored !== 'whole';
    this.#remade = false;
    return noticed;
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
    const { lastUsedAt, ...rest } = this.#options;
    return new ForegroundRun(command, {
      ...rest,
      isLast: () => this.#queue.length === 0,
      sessionFields: () => ({ used: true, remade: this.#remade, lastUsedAt: lastUsedAt().toISOString() }),
    });
  }

  #dropDeleted(command: Command): void {
    this.#drop(command, 'SESSION_NOT_FOUND', `the session ${this.#options.sessionId} was deleted`);
  }

  #drop(command: Command, code: 'COMMAND_LOST' | 'SESSION_NOT_FOUND', message: string): void {
    command.fail(new HoldfastError(code, message), this.#options.now());
    this.#options.onChange(command);
  }
}

// The process table: what runs in the background, and what has ended and is still readable.
import { join } from 'node:path';
import { HoldfastError, LIMITS } from '#protocol';
import type { Command } from '../command/command.ts';
import type { FifoPool } from '../fifo/pool.ts';
import type { CommandRecord } from '../journal/state.ts';
import type { Poller } from '../linux/poller.ts';
import { Look } from '../proc/look.ts';
import { existingDirectory } from '../session/directory.ts';
import { Outputs } from '../session/outputs.ts';
import type { Session } from '../session/session.ts';
import { adoptProcess } from './adopt.ts';
import type { ProcessDeps, ProcessRun } from './process-run.ts';
import { startProcess } from './start.ts';

export interface ProcessesOptions {
  fifos: FifoPool;
  controlFolder: string;
  poller: Poller;
  /** How long a finished process stays readable after its last output, exit or poll. */
  idleMs: number;
  now(): Date;
  onChange(command: Command): void;
  /** Its time is over: the command and its log can be forgotten. */
  onForget(command: Command): void;
}

/** FIFOs that wait for the next processes. */
const KEPT_FREE = 8;

export class Processes {
  readonly #options: ProcessesOptions;
  readonly #runs = new Map<string, ProcessRun>();
  readonly #outputs: Outputs;
  readonly #sweeper: NodeJS.Timeout;
  #starting = 0;

  constructor(options: ProcessesOptions) {
    this.#options = options;
    this.#outputs = new Outputs(options.fifos, options.poller, KEPT_FREE);
    this.#sweeper = setInterval(() => this.#sweep(), Math.min(options.idleMs / 4, 60_000));
    this.#sweeper.unref();
  }

  /** How many run. */
  get running(): number {
    return this.list().filter((run) => run.running).length + this.#starting;
  }

  /** 429 TOO_MANY_PROCESSES; call it before the command is made. */
  assertRoom(): void {
    if (this.running >= LIMITS.processes) {
      throw new HoldfastError(
        'TOO_MANY_PROCESSES',
        `a sandbox runs at most ${LIMITS.processes} processes; end one first`,
      );
    }
  }

  /** Starts `command` as a copy of `session`. 400 CWD_NOT_FOUND, 404 SESSION_NOT_FOUND. */
  async start(command: Command, session: Session): Promise<ProcessRun> {
    const { controlFolder, onChange } = this.#options;
    this.#starting++;
    try {
      const copy = await session.copy();
      const cwd = existingDirectory(command.request.cwd ?? copy.cwd, copy.cwd);
      const folder = join(controlFolder, 'processes', command.id);
      const run = startProcess(command, copy, cwd, this.#depsOf(command, folder));
      this.#runs.set(command.id, run);
      onChange(command);
      return run;
    } finally {
      this.#starting--;
    }
  }

  /** Goes on with a process of an engine that died; false if that engine had not yet come to start it. */
  adopt(command: Command, record: CommandRecord): boolean {
    const run = adoptProcess(command, record, this.#depsOf(command, record.process!.folder));
    if (run) this.#runs.set(command.id, run);
    return run !== undefined;
  }

  #depsOf(command: Command, folder: string): ProcessDeps {
    const { fifos, poller, now, onChange } = this.#options;
    return {
      outputs: this.#outputs,
      fifos,
      poller,
      folder,
      now,
      onChange: () => {
        onChange(command);
        if (command.ended) this.#trim();
      },
    };
  }

  /** 404 PROCESS_NOT_FOUND. Asking keeps a finished one readable. */
  get(id: string): ProcessRun {
    const run = this.#runs.get(id);
    if (!run) {
      throw new HoldfastError('PROCESS_NOT_FOUND', `there is no process ${id}; GET /processes lists them`);
    }
    run.touch();
    return run;
  }

  /** Newest first. */
  list(): ProcessRun[] {
    return [...this.#runs.values()].reverse();
  }

  /** The run of a command, if it is a process that is still known. */
  of(command: Command): ProcessRun | undefined {
    return this.#runs.get(command.id);
  }

  /** Ends it and forgets it. */
  async delete(id: string): Promise<void> {
    const run = this.get(id);
    await run.terminate(LIMITS.terminateGraceMs);
    this.#forget(run);
  }

  /** Kills all processes of a session; the signals are sent before this returns. Resolves when none lives. */
  async endAllOf(sessionId: string): Promise<void> {
    const runs = this.list().filter(
      (run) => !run.command.ended && run.command.request.sessionId === sessionId,
    );
    if (runs.length === 0) return;
    const look = new Look();
    await Promise.all(runs.map((run) => run.kill(look)));
  }

  close(): void {
    clearInterval(this.#sweeper);
    this.#outputs.close();
  }

  /** One whose output somebody still holds is not at its end, however long it is silent. */
  #settled(): ProcessRun[] {
    return [...this.#runs.values()].filter((run) => run.command.ended);
  }

  #sweep(): void {
    const oldest = performance.now() - this.#options.idleMs;
    for (const run of this.#settled()) if (run.touchedAt < oldest) this.#forget(run);
  }

  /** Keeps the number of ended ones and the bytes of their logs within their limits; the first to start go first. */
  #trim(): void {
    const settled = this.#settled();
    let bytes = settled.reduce((sum, run) => sum + run.command.log.keptBytes, 0);
    let over = settled.length - LIMITS.finishedCommands;
    for (const run of settled) {
      if (over <= 0 && bytes <= LIMITS.finishedLogBytes) return;
      over--;
      bytes -= run.command.log.keptBytes;
      this.#forget(run);
    }
  }

  #forget(run: ProcessRun): void {
    if (this.#runs.delete(run.command.id)) this.#options.onForget(run.command);
  }
}

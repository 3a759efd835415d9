// One process from its start to its settling.
// Owner of: its FIFO pair, its stdin, its timeout, its control files.
import { rmSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError, LIMITS, type ProcessInfo } from '#protocol';
import type { Command } from '../command/command.ts';
import { keep } from '../command/keep.ts';
import { closedStdin } from '../command/stdin.ts';
import type { FifoPool } from '../fifo/pool.ts';
import type { CommandRecord, ProcessName } from '../journal/state.ts';
import { isAlive } from '../linux/once-gone.ts';
import type { Poller } from '../linux/poller.ts';
import type { StreamName } from '../log/label.ts';
import type { Owner } from '../proc/belonging.ts';
import { endAtOnce, GIVE_UP_AFTER_MS } from '../proc/end-at-once.ts';
import { escalate } from '../proc/escalate.ts';
import type { Look } from '../proc/look.ts';
import { ProcessStat } from '../proc/stat.ts';
import type { OutputPair, Outputs } from '../session/outputs.ts';
import type { ShellEnd } from '../shell/shell.ts';
import { endPolitely } from './end.ts';
import { endsProcesses, exitCodeOf, isRealTime } from './exit-code.ts';
import { processInfo } from './info.ts';
import { statusLeftIn } from './launch.ts';
import { signalTree } from './signal-tree.ts';

export interface ProcessDeps {
  fifos: FifoPool;
  outputs: Outputs;
  poller: Poller;
  folder: string;
  now(): Date;
  /** It exited or settled. */
  onChange(): void;
}

const OUTPUT_PATIENCE_MS = 500;

/** Calls back when the shell has ended; undefined where nobody saw how. */
export type Watch = (ended: (how: ShellEnd | undefined) => void) => void;

/** Where it runs, and what its processes are known by. */
export type ProcessPlace = NonNullable<CommandRecord['process']>;

export class ProcessRun {
  readonly command: Command;
  /** Resolves when its exit code is known and told. */
  readonly exited: Promise<void>;
  readonly #deps: ProcessDeps;
  readonly #cwd: string;
  /** By what its processes are found. */
  readonly owner: Owner;
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout | undefined;
  /** The disk took no more of its output. */
  #full = false;
  #escalation: Promise<void> | undefined;
  #running = true;
  #realTimeSignal: number | undefined;
  /** The last signal it was sent that ends a process unless it is caught. */
  #deadly: number | undefined;
  /** When it last wrote, ended or was asked about, on the clock of performance.now(). */
  touchedAt = performance.now();

  /** `living` is absent for one that has ended before. */
  constructor(
    command: Command,
    { name, cwd, sessionKey, startTicks }: ProcessPlace & { name: ProcessName },
    deps: ProcessDeps,
    living?: { pair: OutputPair; watch: Watch },
  ) {
    this.command = command;
    this.#deps = deps;
    this.#cwd = cwd;
    this.#pid = name.pid;
    const root = isAlive(name) ? ProcessStat.read(name.pid) : undefined;
    this.owner = {
      sessionKey,
      shellPid: undefined,
      command: { id: command.id, startTicks, earlierChildren: new Set() },
      known: new Map(root ? [[`${root.pid}:${root.startTicks}`, root]] : []),
    };
    if (!living) {
      this.#running = false;
      this.exited = Promise.resolve();
      return;
    }
    const { timeoutMs } = command.request;
    const left = timeoutMs && timeoutMs - (command.startedAt ? Date.now() - command.startedAt.getTime() : 0);
    this.#timer = left === undefined ? undefined : setTimeout(() => this.#timeOut(), Math.max(0, left));
    this.exited = new Promise((resolve) => {
      living.watch(async (how) => {
        this.#running = false;
        clearTimeout(this.#timer);
        await this.#escalation;
        // Its output first: a disk that does not take it is part of how it ended.
        let settled = false;
        let told = false;
        deps.outputs.release(living.pair, () => {
          settled = true;
          if (told) this.#settled();
        });
        if (command.state !== 'exited') this.#exited(how);
        told = true;
        if (settled) this.#settled();
        deps.onChange();
        resolve();
      });
    });
  }

  /** Goes on with what an engine that died had begun to do to it, or was asked to. */
  resume({ deadly, terminating }: Pick<CommandRecord, 'deadly' | 'terminating'>): void {
    this.#deadly = deadly;
    if (this.command.ending) this.#escalate();
    if (terminating) void this.terminate(LIMITS.terminateGraceMs);
  }

  get running(): boolean {
    return this.#running;
  }

  info(): ProcessInfo {
    return processInfo(this.command, this.#pid);
  }

  /** Somebody asked about it: it stays readable for another while. */
  touch(): void {
    this.touchedAt = performance.now();
  }

  /** Keeps what it wrote. */
  output(stream: StreamName, chunk: Uint8Array): void {
    if (this.#full) return;
    this.touch();
    this.#full = !keep(this.command, stream, chunk);
    this.command.changed();
    if (!this.#full) return;
    this.command.endFor('outputLimit');
    void endAtOnce(this.owner);
  }

  /** Sends a signal to all that it started; resolves when it was sent. */
  async signal(signal: number): Promise<void> {
    this.#noteDeadly(signal);
    if (isRealTime(signal)) this.#realTimeSignal = signal;
    await signalTree(this.owner, signal);
  }

  /** SIGTERM, and SIGKILL after the grace to what is left. Resolves when nothing of it lives. */
  async terminate(graceMs: number): Promise<void> {
    this.#noteDeadly(constants.signals.SIGTERM);
    this.command.recorder.trySet({ terminating: true });
    await endPolitely(this.owner, graceMs);
    await this.#told();
  }

  /** SIGKILL, sent before this returns to what `look` shows. Resolves when nothing of it lives. */
  async kill(look: Look): Promise<void> {
    this.#noteDeadly(constants.signals.SIGKILL);
    await endAtOnce(this.owner, look);
    await this.#told();
  }

  #noteDeadly(signal: number): void {
    if (!this.#running || !endsProcesses(signal)) return;
    this.#deadly = signal;
    this.command.recorder.trySet({ deadly: signal });
  }

  /** Waits for the exit, and a little for the end of the output, which a stranger may hold open. */
  async #told(): Promise<void> {
    const within = (ms: number) => sleep(ms, undefined, { ref: false });
    await Promise.race([this.exited, within(GIVE_UP_AFTER_MS)]);
    await Promise.race([this.command.done, within(OUTPUT_PATIENCE_MS)]);
  }

  #timeOut(): void {
    this.command.endFor('timeout');
    this.#escalate();
  }

  #escalate(): void {
    this.#escalation = escalate(
      { owner: this.owner, running: () => this.#running, signalShell: () => {} },
      true,
    );
  }

  #exited(how: ShellEnd | undefined): void {
    const { command } = this;
    this.touch();
    command.stdin.close();
    command.stdin = closedStdin();
    const signal = how?.signal ?? null;
    const sent = { deadly: this.#deadly, realTime: this.#realTimeSignal };
    const exitCode = exitCodeOf(how, sent, () => statusLeftIn(this.#deps.folder));
    if (exitCode === undefined && !command.ending) command.fail(unseen(), this.#deps.now());
    else {
      const outcome = { exitCode: exitCode ?? 0, signal, shellRestarted: false, cwd: this.#cwd };
      command.finish(outcome, this.#deps.now());
    }
  }

  #settled(): void {
    const { command } = this;
    this.touch();
    command.rest();
    if (command.exit) command.settle();
    rmSync(this.#deps.folder, { recursive: true, force: true });
    this.#deps.onChange();
  }
}

function unseen(): HoldfastError {
  return new HoldfastError(
    'COMMAND_LOST',
    'the process was killed while the engine was not there to see it; its exit code is unknown',
  );
}

// One process from its start to its settling.
// Owner of: its FIFO pair, its stdin, its timeout, its control files.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError, LIMITS, type ProcessInfo } from '#protocol';
import type { Command } from '../command/command.ts';
import { keep } from '../command/keep.ts';
import { leasesOf } from '../command/leases.ts';
import { closedStdin } from '../command/stdin.ts';
import { inheritStdinFifo, openStdinFifo } from '../command/stdin-fifo.ts';
import type { FifoPool } from '../fifo/pool.ts';
import { type CommandRecord, NOBODY, type ProcessName } from '../journal/state.ts';
import { isAlive, onceGone } from '../linux/once-gone.ts';
import type { Poller } from '../linux/poller.ts';
import type { StreamName } from '../log/label.ts';
import type { Owner } from '../proc/belonging.ts';
import { endAtOnce, GIVE_UP_AFTER_MS } from '../proc/end-at-once.ts';
import { escalate } from '../proc/escalate.ts';
import type { Look } from '../proc/look.ts';
import { processesOf } from '../proc/signal.ts';
import { bootTicks, ProcessStat } from '../proc/stat.ts';
import type { OutputPair, Outputs } from '../session/outputs.ts';
import type { SessionCopy } from '../session/session.ts';
import type { ShellEnd } from '../shell/shell.ts';
import { endPolitely } from './end.ts';
import { BEGUN_FILE, EXIT_FILE, launch } from './launch.ts';
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
/** The real-time signals begin here (signal(7)); Node has no name for them and reports them as exit 0. */
const FIRST_REAL_TIME_SIGNAL = 32;

/** Calls back when the shell has ended; undefined where nobody saw how. */
type Watch = (ended: (how: ShellEnd | undefined) => void) => void;

export class ProcessRun {
  readonly command: Command;
  /** Resolves when its exit code is known and told. */
  readonly exited: Promise<void>;
  readonly #deps: ProcessDeps;
  readonly #cwd: string;
  readonly #owner: Owner;
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

  /** 400 or 500 when the shell cannot be started; nothing is left behind then. */
  static start(command: Command, copy: SessionCopy, cwd: string, deps: ProcessDeps): ProcessRun {
    const { folder, outputs } = deps;
    const pair = outputs.lease(leasesOf(command, (stream, chunk) => run.#output(stream, chunk)));
    const place = { folder, cwd, sessionKey: copy.key, startTicks: bootTicks() };
    let run: ProcessRun;
    try {
      if (command.request.stdinOpen) openStdinFifo(command, deps.fifos, () => true);
      const stdinPath = command.request.stdinOpen ? command.stdin.path : '/dev/null';
      // On record before it runs: an engine that finds this looks whether it does.
      command.recorder.set({
        process: place,
        streams: command.streamsOf(pair),
        ...(command.request.stdinOpen ? { stdin: stdinPath } : {}),
      });
      const [stdoutPath, stderrPath] = [pair.stdout.path, pair.stderr.path];
      const child = launch({ command, copy, cwd, folder, stdinPath, stdoutPath, stderrPath });
      const name = { pid: child.pid, startTicks: ProcessStat.read(child.pid)?.startTicks ?? 0 };
      run = new ProcessRun(command, { ...place, name }, deps, {
        pair,
        watch: (ended) => child.once('exit', (exitCode, signal) => ended({ exitCode, signal })),
      });
      command.start(deps.now(), { process: { ...place, name } });
      return run;
    } catch (error) {
      command.stdin.close();
      outputs.release(pair, () => {});
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Goes on with one that an engine which died had started; undefined if that engine had not come to it. */
  static adopt(command: Command, record: CommandRecord, deps: ProcessDeps): ProcessRun | undefined {
    const { log } = command;
    const process = record.process!;
    let run: ProcessRun | undefined;
    if (command.ended) return new ProcessRun(command, { ...process, name: process.name ?? NOBODY }, deps);
    const name = process.name ?? livingRoot(command.id, process);
    if (!name && !existsSync(`${process.folder}/${BEGUN_FILE}`)) return undefined;
    const pair = deps.outputs.resume(
      record.streams!,
      // What the dead engine had taken and not kept comes before there is a run.
      leasesOf(command, (stream, chunk) => (run ? run.#output(stream, chunk) : keep(command, stream, chunk))),
      (stream) => (stream === 'stdout' ? log.stdoutBytes : log.stderrBytes),
    );
    if (record.stdin) inheritStdinFifo(command, record.stdin, deps.fifos, () => true);
    const place = { ...process, name: name ?? NOBODY };
    const watch: Watch = (ended) => onceGone(place.name, deps.poller, ended);
    run = new ProcessRun(command, place, deps, { pair, watch });
    run.#deadly = record.deadly;
    if (command.state === 'queued') command.start(deps.now(), { process: place });
    if (command.ending) run.#escalate();
    if (record.terminating) void run.terminate(LIMITS.terminateGraceMs);
    return run;
  }

  private constructor(
    command: Command,
    { name, cwd, sessionKey, startTicks }: ProcessPlace & { name: ProcessName },
    deps: ProcessDeps,
    /** Absent for one that has ended before. */
    living?: { pair: OutputPair; watch: Watch },
  ) {
    this.command = command;
    this.#deps = deps;
    this.#cwd = cwd;
    this.#pid = name.pid;
    const root = isAlive(name) ? ProcessStat.read(name.pid) : undefined;
    this.#owner = {
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

  get running(): boolean {
    return this.#running;
  }

  info(): ProcessInfo {
    const { id, request, exit, log, startedAt, endedAt, state } = this.command;
    return {
      id,
      sessionId: request.sessionId,
      pid: this.#pid,
      command: request.text,
      state: state === 'queued' ? 'running' : state,
      exitCode: exit?.exitCode ?? null,
      signal: exit?.signal ?? null,
      timedOut: exit?.timedOut ?? false,
      startedAt: startedAt!.toISOString(),
      endedAt: endedAt?.toISOString() ?? null,
      durationMs: exit?.durationMs ?? null,
      stdoutBytes: log.stdoutBytes,
      stderrBytes: log.stderrBytes,
    };
  }

  /** Somebody asked about it: it stays readable for another while. */
  touch(): void {
    this.touchedAt = performance.now();
  }

  /** Sends a signal to all that it started; resolves when it was sent. */
  async signal(signal: number): Promise<void> {
    this.#noteDeadly(signal);
    if (signal >= FIRST_REAL_TIME_SIGNAL) this.#realTimeSignal = signal;
    await signalTree(this.#owner, signal);
  }

  /** SIGTERM, and SIGKILL after the grace to what is left. Resolves when nothing of it lives. */
  async terminate(graceMs: number): Promise<void> {
    this.#noteDeadly(constants.signals.SIGTERM);
    this.command.recorder.trySet({ terminating: true });
    await endPolitely(this.#owner, graceMs);
    await this.#told();
  }

  /** SIGKILL, sent before this returns to what `look` shows. Resolves when nothing of it lives. */
  async kill(look: Look): Promise<void> {
    this.#noteDeadly(constants.signals.SIGKILL);
    await endAtOnce(this.#owner, look);
    await this.#told();
  }

  #noteDeadly(signal: number): void {
    if (!this.#running || HARMLESS.has(signal)) return;
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
      { owner: this.#owner, running: () => this.#running, signalShell: () => {} },
      true,
    );
  }

  #output(stream: StreamName, chunk: Uint8Array): void {
    if (this.#full) return;
    this.touch();
    this.#full = !keep(this.command, stream, chunk);
    this.command.changed();
    if (!this.#full) return;
    this.command.endFor('outputLimit');
    void endAtOnce(this.#owner);
  }

  #exited(how: ShellEnd | undefined): void {
    const { command } = this;
    this.touch();
    command.stdin.close();
    command.stdin = closedStdin();
    const signal = how?.signal ?? null;
    const exitCode = how ? this.#statusOf(how) : this.#statusLeft();
    if (exitCode === undefined && !command.ending) command.fail(unseen(), this.#deps.now());
    else {
      const outcome = { exitCode: exitCode ?? 0, signal, shellRestarted: false, cwd: this.#cwd };
      command.finish(outcome, this.#deps.now());
    }
  }

  /**
   * What is known of one that ended while no engine lived. bash runs its EXIT trap also when a signal ends it, and
   * then with the status of the command before: 0 is not believed of one that was sent a deadly signal.
   */
  #statusLeft(): number | undefined {
    const left = statusLeftIn(this.#deps.folder);
    return !left && this.#deadly !== undefined ? 128 + this.#deadly : left;
  }

  #statusOf({ exitCode, signal }: ShellEnd): number {
    if (signal !== null) return 128 + constants.signals[signal];
    const sent = this.#realTimeSignal;
    // A shell that really ended with 0 left its exit file.
    const killed = exitCode === 0 && sent !== undefined && statusLeftIn(this.#deps.folder) !== 0;
    return killed ? 128 + sent : (exitCode ?? 0);
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

/** Signals that by themselves end nothing (signal(7)). */
const HARMLESS = new Set(
  (['SIGCHLD', 'SIGCONT', 'SIGSTOP', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU', 'SIGURG', 'SIGWINCH'] as const).map(
    (name) => constants.signals[name] as number,
  ),
);

type ProcessPlace = NonNullable<CommandRecord['process']>;

/** The shell of a process that was being started when its engine died. */
function livingRoot(id: string, { sessionKey, startTicks }: ProcessPlace): ProcessName | undefined {
  const command = { id, startTicks, earlierChildren: new Set<number>() };
  const members = processesOf({ sessionKey, shellPid: undefined, command, known: new Map() });
  return members.find(({ pid, session }) => pid === session);
}

/** The status that a shell left when it ended by itself. */
function statusLeftIn(folder: string): number | undefined {
  const name = readdirSync(folder).find((one) => one.startsWith(`${EXIT_FILE}.`));
  return name === undefined ? undefined : Number(name.slice(EXIT_FILE.length + 1));
}

function unseen(): HoldfastError {
  return new HoldfastError(
    'COMMAND_LOST',
    'the process was killed while the engine was not there to see it; its exit code is unknown',
  );
}

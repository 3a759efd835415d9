// One process from its start to its settling.
// Owner of: its FIFO pair, its stdin, its timeout, its control files.
import { existsSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessInfo } from '#protocol';
import type { Command } from '../command/command.ts';
import { keep } from '../command/keep.ts';
import { closedStdin, openStdin } from '../command/stdin.ts';
import type { FifoPool } from '../fifo/pool.ts';
import type { StreamName } from '../log/label.ts';
import type { Owner } from '../proc/belonging.ts';
import { endAtOnce, GIVE_UP_AFTER_MS } from '../proc/end-at-once.ts';
import { escalate } from '../proc/escalate.ts';
import type { Look } from '../proc/look.ts';
import { bootTicks, ProcessStat } from '../proc/stat.ts';
import type { Outputs } from '../session/outputs.ts';
import type { SessionCopy } from '../session/session.ts';
import { endPolitely } from './end.ts';
import { EXIT_FILE, launch } from './launch.ts';
import { signalTree } from './signal-tree.ts';

export interface ProcessDeps {
  outputs: Outputs;
  fifos: FifoPool;
  folder: string;
  now(): Date;
  /** It exited or settled. */
  onChange(): void;
}

const OUTPUT_PATIENCE_MS = 500;
/** The real-time signals begin here (signal(7)); Node has no name for them and reports them as exit 0. */
const FIRST_REAL_TIME_SIGNAL = 32;

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
  /** When it last wrote, ended or was asked about, on the clock of performance.now(). */
  touchedAt = performance.now();

  /** Throws when the shell cannot be started, and leaves nothing behind then. */
  constructor(command: Command, copy: SessionCopy, cwd: string, deps: ProcessDeps) {
    this.command = command;
    this.#deps = deps;
    this.#cwd = cwd;
    const { folder } = deps;
    const pair = deps.outputs.lease((stream, chunk) => this.#output(stream, chunk));
    const startTicks = bootTicks();
    let child: ReturnType<typeof launch>;
    try {
      const stdinPath = command.request.stdinOpen ? this.#openStdin() : '/dev/null';
      const [stdoutPath, stderrPath] = [pair.stdout.path, pair.stderr.path];
      child = launch({ command, copy, cwd, folder, stdinPath, stdoutPath, stderrPath });
    } catch (error) {
      command.stdin.close();
      deps.outputs.release(pair, () => {});
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
    this.#pid = child.pid;
    const root = ProcessStat.read(child.pid);
    this.#owner = {
      sessionKey: copy.key,
      shellPid: undefined,
      command: { id: command.id, startTicks, earlierChildren: new Set() },
      known: new Map(root ? [[`${root.pid}:${root.startTicks}`, root]] : []),
    };
    const { timeoutMs } = command.request;
    this.#timer = timeoutMs === undefined ? undefined : setTimeout(() => this.#timeOut(), timeoutMs);
    command.start(deps.now());
    this.exited = new Promise((resolve) => {
      child.once('exit', async (exitCode, signal) => {
        this.#running = false;
        clearTimeout(this.#timer);
        await this.#escalation;
        this.#exited(this.#statusOf(exitCode, signal), signal);
        deps.outputs.release(pair, () => this.#settled());
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
    if (signal >= FIRST_REAL_TIME_SIGNAL) this.#realTimeSignal = signal;
    await signalTree(this.#owner, signal);
  }

  /** SIGTERM, and SIGKILL after the grace to what is left. Resolves when nothing of it lives. */
  async terminate(graceMs: number): Promise<void> {
    await endPolitely(this.#owner, graceMs);
    await this.#told();
  }

  /** SIGKILL, sent before this returns to what `look` shows. Resolves when nothing of it lives. */
  async kill(look: Look): Promise<void> {
    await endAtOnce(this.#owner, look);
    await this.#told();
  }

  /** Waits for the exit, and a little for the end of the output, which a stranger may hold open. */
  async #told(): Promise<void> {
    const within = (ms: number) => sleep(ms, undefined, { ref: false });
    await Promise.race([this.exited, within(GIVE_UP_AFTER_MS)]);
    await Promise.race([this.command.done, within(OUTPUT_PATIENCE_MS)]);
  }

  #openStdin(): string {
    const path = this.#deps.fifos.take();
    // Bash has the FIFO from its start on, so the engine's end can close at any time.
    const stdin = openStdin(path, () => true);
    this.command.stdin = {
      ...stdin,
      close: () => {
        stdin.close();
        this.#deps.fifos.discard(path);
      },
    };
    return path;
  }

  #timeOut(): void {
    this.command.ending = 'timeout';
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
    this.command.ending ??= 'outputLimit';
    void endAtOnce(this.#owner);
  }

  #statusOf(exitCode: number | null, signal: NodeJS.Signals | null): number {
    if (signal !== null) return 128 + constants.signals[signal];
    const sent = this.#realTimeSignal;
    // A shell that really ended with 0 left its exit file.
    const killed = exitCode === 0 && sent !== undefined && !existsSync(`${this.#deps.folder}/${EXIT_FILE}.0`);
    return killed ? 128 + sent : (exitCode ?? 0);
  }

  #exited(exitCode: number, signal: string | null): void {
    const { command } = this;
    this.touch();
    command.stdin.close();
    command.stdin = closedStdin();
    command.finish({ exitCode, signal, shellRestarted: false, cwd: this.#cwd }, this.#deps.now());
  }

  #settled(): void {
    const { command } = this;
    this.touch();
    command.log.flush();
    command.log.rest();
    rmSync(this.#deps.folder, { recursive: true, force: true });
    command.settle();
    this.#deps.onChange();
  }
}

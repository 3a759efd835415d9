// One command: its request, its state, its log and its end.
// Invariant: the state only moves forward, queued -> running -> exited (-> settled) | lost, and `done`
// resolves once: when nothing more will come.
import { type CommandInfo, type CommandState, type Exit, HoldfastError, LIMITS } from '#protocol';
import { CommandLog } from '../log/command-log.ts';
import { fingerprint } from './fingerprint.ts';
import { type CommandStdin, closedStdin } from './stdin.ts';

/** What a command was asked to do; two requests with one id must be the same in all of it. */
export interface CommandRequest {
  sessionId: string;
  mode: 'foreground' | 'background';
  text: string;
  cwd: string | undefined;
  /** The session stays in `cwd` after the command. */
  cwdStays: boolean;
  env: Record<string, string> | undefined;
  stdin: Buffer | undefined;
  stdinOpen: boolean;
  timeoutMs: number | undefined;
  disconnectGraceMs: number | null;
}

/** Why a command is being ended early. */
export type EndReason = 'timeout' | 'interrupt' | 'outputLimit' | 'deleted' | 'terminated';

export class Command {
  readonly id: string;
  readonly request: CommandRequest;
  /** What another request with this id must equal. */
  readonly fingerprint: string;
  readonly log: CommandLog;
  /** Set while it runs. */
  stdin: CommandStdin = closedStdin();
  readonly createdAt: Date;
  /** Resolves when it runs, or has ended without running. */
  readonly started: Promise<void>;
  /** Resolves when the command has ended in any way. */
  readonly done: Promise<void>;
  state: CommandState = 'queued';
  startedAt: Date | undefined;
  endedAt: Date | undefined;
  queuedMs = 0;
  /** Set when it has exited. */
  exit: Exit | undefined;
  /** Set when it never ran or was lost. */
  error: HoldfastError | undefined;
  /** First reason for which it is being ended early. */
  ending: EndReason | undefined;
  /** Last seq that belongs to the events; later output of background children is in the log only. */
  endSeq: number | undefined;
  /** Number of its last change, rising through the engine: the cursor of `/sync`. */
  change = 0;
  readonly #startedClock = performance.now();
  #runClock = 0;
  #resolveDone!: () => void;
  #resolveStarted!: () => void;
  readonly #listeners = new Set<() => void>();

  constructor(id: string, request: CommandRequest, logPath: string, now: Date) {
    this.id = id;
    this.request = request;
    this.fingerprint = fingerprint(request);
    this.log = new CommandLog(
      logPath,
      request.mode === 'background' ? LIMITS.processLogBytes : Number.POSITIVE_INFINITY,
    );
    this.createdAt = now;
    this.started = new Promise((resolve) => {
      this.#resolveStarted = resolve;
    });
    this.done = new Promise((resolve) => {
      this.#resolveDone = resolve;
    });
  }

  /** Nothing more will come: it exited, or is lost, and if it is a process its output is complete. */
  get ended(): boolean {
    const last = this.request.mode === 'foreground' ? 'exited' : 'settled';
    return this.state === last || this.state === 'lost';
  }

  /** Why it ended without an exit; undefined for one that has an exit. */
  get failure(): HoldfastError | undefined {
    if (this.error || this.exit) return this.error;
    return new HoldfastError('COMMAND_LOST', 'the command was lost; how it ended is not known');
  }

  /** Calls `listener` whenever there is more to read or the state changed; answers how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells the listeners. */
  changed(): void {
    for (const listener of this.#listeners) listener();
  }

  start(now: Date): void {
    this.state = 'running';
    this.startedAt = now;
    this.#runClock = performance.now();
    this.queuedMs = round(this.#runClock - this.#startedClock);
    this.#resolveStarted();
    this.changed();
  }

  finish(
    outcome: Pick<Exit, 'exitCode' | 'signal' | 'shellRestarted' | 'cwd' | 'missingCwd'>,
    now: Date,
  ): void {
    const { log, ending } = this;
    const override = ending === undefined ? undefined : EXIT_CODE[ending];
    this.exit = {
      exitCode: override ?? outcome.exitCode,
      signal: outcome.signal,
      timedOut: ending === 'timeout',
      interrupted: ending === 'interrupt',
      outputLimited: ending === 'outputLimit',
      shellRestarted: outcome.shellRestarted,
      durationMs: round(performance.now() - this.#runClock),
      stdoutBytes: log.stdoutBytes,
      stderrBytes: log.stderrBytes,
      lostBytes: 0,
      cwd: outcome.cwd,
      ...(outcome.missingCwd === undefined ? {} : { missingCwd: outcome.missingCwd }),
    };
    this.state = 'exited';
    this.endedAt = now;
    if (this.request.mode === 'foreground') this.#end();
    else this.changed();
  }

  /** Of a process that has exited: its output is complete. */
  settle(): void {
    const { stdoutBytes, stderrBytes } = this.log;
    this.exit = { ...this.exit!, stdoutBytes, stderrBytes };
    this.state = 'settled';
    this.#end();
  }

  fail(error: HoldfastError, now: Date): void {
    this.error = error;
    this.state = 'lost';
    this.endedAt = now;
    this.#end();
  }

  info(): CommandInfo {
    const { exit } = this;
    return {
      id: this.id,
      sessionId: this.request.sessionId,
      command: this.request.text,
      mode: this.request.mode,
      state: this.state,
      exitCode: exit?.exitCode ?? null,
      signal: exit?.signal ?? null,
      timedOut: exit?.timedOut ?? false,
      interrupted: exit?.interrupted ?? false,
      outputLimited: exit?.outputLimited ?? false,
      shellRestarted: exit?.shellRestarted ?? false,
      createdAt: this.createdAt.toISOString(),
      startedAt: this.startedAt?.toISOString() ?? null,
      endedAt: this.endedAt?.toISOString() ?? null,
      durationMs: exit?.durationMs ?? null,
      stdoutBytes: this.log.stdoutBytes,
      stderrBytes: this.log.stderrBytes,
    };
  }

  #end(): void {
    this.endSeq = this.log.seq;
    this.request.stdin = undefined; // megabytes, perhaps, that nobody asks for again
    this.changed();
    this.#resolveStarted();
    this.#resolveDone();
  }
}

/** timeout(1) ends with 124, a shell after SIGINT with 130, after SIGKILL with 137. */
const EXIT_CODE = { timeout: 124, interrupt: 130, outputLimit: 137, deleted: 137, terminated: 143 } as const;

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

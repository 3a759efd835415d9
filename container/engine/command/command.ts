// One command: its request, its state, its log and its end.
// Invariant: the state only moves forward, queued -> running -> exited (-> settled) | lost, and `done`
// resolves once: when nothing more will come.
import {
  type CommandInfo,
  type CommandState,
  type ErrorCode,
  type Exit,
  errorCode,
  HoldfastError,
  LIMITS,
} from '#protocol';
import type { SessionPatch } from '../journal/replay.ts';
import type { CommandRecord, StreamState } from '../journal/state.ts';
import { CommandLog } from '../log/command-log.ts';
import type { StreamName } from '../log/label.ts';
import { Masks } from '../secrets/masks.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { OutputPair } from '../session/outputs.ts';
import { fingerprint } from './fingerprint.ts';
import type { CommandRecorder } from './recorder.ts';
import { requestState } from './request-state.ts';
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
  /** Last seq that belongs to the events; later output of background children is in the log only. */
  endSeq: number | undefined;
  /** Number of its last change, rising through the engine: the cursor of `/sync`. */
  change = 0;
  readonly recorder: CommandRecorder;
  readonly #secrets: Pick<Secrets, 'envOf' | 'masksFor'> | undefined;
  /** When it was asked for and when it began, on the clock of performance.now(). */
  readonly #startedClock: number;
  #runClock = 0;
  #ending: EndReason | undefined;
  #streams: Record<StreamName, StreamState> | undefined;
  #resolveDone!: () => void;
  #resolveStarted!: () => void;
  readonly #listeners = new Set<() => void>();

  constructor(
    id: string,
    request: CommandRequest,
    logPath: string,
    now: Date,
    recorder: CommandRecorder,
    secrets?: Pick<Secrets, 'envOf' | 'masksFor'>,
  ) {
    this.id = id;
    this.#secrets = secrets;
    this.request = request;
    this.recorder = recorder;
    this.fingerprint = fingerprint(request);
    this.log = new CommandLog(
      logPath,
      request.mode === 'background' ? LIMITS.processLogBytes : Number.POSITIVE_INFINITY,
      recorder,
    );
    this.createdAt = now;
    this.#startedClock = clockOf(now);
    this.started = new Promise((resolve) => {
      this.#resolveStarted = resolve;
    });
    this.done = new Promise((resolve) => {
      this.#resolveDone = resolve;
    });
  }

  /** Notes that it was asked for. Throws when the journal takes no more. */
  record(): void {
    this.recorder.set({
      request: requestState(this.request),
      createdAt: this.createdAt.toISOString(),
      state: this.state,
    });
  }

  /** Becomes what an engine that died had recorded; `lines` is its log as far as that is in no file. */
  restore(record: CommandRecord, lines: Buffer | undefined): void {
    const { state, startedAt, endedAt, exit, error, streams } = record;
    this.startedAt = startedAt === undefined ? undefined : new Date(startedAt);
    // Before the state: a log that cannot be read makes the command a lost one.
    this.log.restore({ lines, files: record.segments ?? [] });
    this.state = state;
    this.queuedMs = record.queuedMs ?? 0;
    if (this.startedAt) this.#runClock = clockOf(this.startedAt);
    this.endedAt = endedAt === undefined ? undefined : new Date(endedAt);
    this.exit = exit;
    this.error = error && new HoldfastError(error.code as ErrorCode, error.message);
    this.#ending = record.ending;
    this.#streams = streams;
    if (state !== 'queued') this.#resolveStarted();
    if (!this.ended) return;
    this.endSeq = record.endSeq ?? this.log.seq;
    this.request.stdin = undefined;
    this.#resolveDone();
  }

  /** The variables of this call: the secrets, and over them what came with it; undefined for none. */
  get callEnv(): Record<string, string> | undefined {
    const secret = this.#secrets?.envOf(this.request.sessionId);
    return secret ? { ...secret, ...this.request.env } : this.request.env;
  }

  /** What is not to leave the sandbox of its text and output. */
  get masks(): Masks {
    return this.#secrets?.masksFor(this.createdAt) ?? NO_MASKS;
  }

  /** Its text for others. */
  get shownText(): string {
    return this.masks.text(this.request.text);
  }

  /** First reason for which it is being ended early. */
  get ending(): EndReason | undefined {
    return this.#ending;
  }

  endFor(reason: EndReason): void {
    if (this.#ending) return;
    this.#ending = reason;
    this.recorder.trySet({ ending: reason });
  }

  /** Where its output comes from, for the journal. */
  streamsOf({ stdout, stderr }: OutputPair): Record<StreamName, StreamState> {
    const one = (fifo: OutputPair['stdout']) => ({ fifo: fifo.path, place: fifo.place, base: 0 });
    this.#streams = { stdout: one(stdout), stderr: one(stderr) };
    return this.#streams;
  }

  /** One of them goes on at another place, and all that came before it is in the log. */
  moved(stream: StreamName, place: StreamState['place']): void {
    if (!this.#streams) return;
    const base = stream === 'stdout' ? this.log.stdoutBytes : this.log.stderrBytes;
    this.#streams = { ...this.#streams, [stream]: { ...this.#streams[stream], place, base } };
    this.recorder.trySet({ streams: this.#streams });
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

  /** It runs; `more` is what the journal needs to know to find it again. Throws when the journal takes no more. */
  start(now: Date, more: Partial<CommandRecord>): void {
    this.#runClock = performance.now();
    const queuedMs = round(this.#runClock - this.#startedClock);
    this.recorder.set({ state: 'running', startedAt: now.toISOString(), queuedMs, ...more });
    this.state = 'running';
    this.startedAt = now;
    this.queuedMs = queuedMs;
    this.#resolveStarted();
    this.changed();
  }

  /** `session`: what it made of its session, which is on record together with the end. */
  finish(
    outcome: Pick<Exit, 'exitCode' | 'signal' | 'shellRestarted' | 'cwd' | 'missingCwd'>,
    now: Date,
    session?: SessionPatch,
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
    if (this.request.mode === 'foreground') this.#end(session);
    else {
      this.#recordEnd(session);
      this.changed();
    }
  }

  /** Of a process that has exited: its output is complete. */
  settle(): void {
    const { stdoutBytes, stderrBytes } = this.log;
    const outputLimited = this.exit!.outputLimited || this.#ending === 'outputLimit';
    this.exit = { ...this.exit!, outputLimited, stdoutBytes, stderrBytes };
    this.state = 'settled';
    this.#end();
  }

  fail(error: HoldfastError, now: Date, session?: SessionPatch): void {
    this.error = error;
    this.state = 'lost';
    this.endedAt = now;
    this.#end(session);
  }

  info(): CommandInfo {
    const { exit } = this;
    return {
      id: this.id,
      sessionId: this.request.sessionId,
      command: this.shownText,
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

  /** Its streams are let go: what is in its log is all. */
  rest(): void {
    this.log.flush();
    this.log.rest();
    this.#streams = undefined;
    this.recorder.trySet({ atRest: true });
  }

  #recordEnd(session?: SessionPatch): void {
    const { state, exit, error, endSeq } = this;
    const fields = {
      state,
      ...(exit ? { exit } : {}),
      ...(error ? { error: { code: errorCode(error)!, message: error.message } } : {}),
      endedAt: this.endedAt!.toISOString(),
      ...(endSeq === undefined ? {} : { endSeq }),
    };
    this.recorder.trySet(fields, session);
  }

  /** In the journal first: who is told of the end is told the same after another engine's death. */
  #end(session?: SessionPatch): void {
    this.endSeq = this.log.seq;
    this.#recordEnd(session);
    this.request.stdin = undefined; // megabytes, perhaps, that nobody asks for again
    this.changed();
    this.#resolveStarted();
    this.#resolveDone();
  }
}

const NO_MASKS = new Masks();

/** timeout(1) ends with 124, a shell after SIGINT with 130, after SIGKILL with 137. */
const EXIT_CODE = { timeout: 124, interrupt: 130, outputLimit: 137, deleted: 137, terminated: 143 } as const;

function clockOf(date: Date): number {
  return performance.now() - (Date.now() - date.getTime());
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

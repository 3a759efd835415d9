// One foreground command from its turn to its end, in its session's own shell.
// Owner of: its FIFO pair, its stdin, its timeout. Invariant: when it resolves, the command has ended and
// the session is usable.
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { HoldfastError, LIMITS } from '#protocol';
import type { Command, EndReason } from '../command/command.ts';
import { keep } from '../command/keep.ts';
import { leasesOf } from '../command/leases.ts';
import { closedStdin, fileStdin, keptStdin } from '../command/stdin.ts';
import { inheritStdinFifo, openStdinFifo } from '../command/stdin-fifo.ts';
import type { FifoPool } from '../fifo/pool.ts';
import type { CommandRecord, ProcessName, SessionState } from '../journal/state.ts';
import type { StreamName } from '../log/label.ts';
import type { Owner } from '../proc/belonging.ts';
import { endAtOnce } from '../proc/end-at-once.ts';
import { escalate } from '../proc/escalate.ts';
import type { ExitFiles } from '../shell/exit-files.ts';
import type { Report } from '../shell/report.ts';
import type { ShellEnd } from '../shell/shell.ts';
import { asHoldfastError } from '../system-error.ts';
import { type CallScope, callScope, writeCommand } from './call-files.ts';
import type { OutputPair, Outputs } from './outputs.ts';
import type { ShellKeeper } from './shell-keeper.ts';
import { type Outcome, Typing } from './typing.ts';

export interface ForegroundDeps {
  fifos: FifoPool;
  keeper: ShellKeeper;
  outputs: Outputs;
  exits: ExitFiles;
  folder: string;
  sessionKey: string;
  now(): Date;
  /** No other command waits: the state is written when this one is done. */
  isLast(): boolean;
  /** What is noted of the session itself when a command ends. */
  sessionFields(): Partial<SessionState>;
}

/** What is tried, in this order, for a command that its shell did not begin. */
const REMEDIES = ['checkpoint', 'whole', 'quiet', 'none'] as const;

export class ForegroundRun {
  readonly command: Command;
  readonly #deps: ForegroundDeps;
  #typing: Typing | undefined;
  #scope: CallScope | undefined;
  #escalation: Promise<void> | undefined;
  #flooded = false;
  /** Its shell was made anew for it. */
  #restarted = false;

  constructor(command: Command, deps: ForegroundDeps) {
    this.command = command;
    this.#deps = deps;
  }

  /** Processes of this command; undefined before it was typed. */
  get owner(): Owner | undefined {
    return this.#typing?.owner;
  }

  /** `restarted`: the shell died since the last command, which this one tells. */
  async execute(restarted: boolean): Promise<void> {
    const { command } = this;
    const { outputs, now } = this.#deps;
    this.#restarted = restarted;
    let pair: OutputPair | undefined;
    let timer: NodeJS.Timeout | undefined;
    let outcome: Outcome;
    try {
      this.#prepare();
      pair = outputs.lease(leasesOf(command, (stream, chunk) => this.#output(stream, chunk)));
      const { timeoutMs } = command.request;
      timer = timeoutMs === undefined ? undefined : setTimeout(() => this.end('timeout'), timeoutMs);
      outcome = await this.#type(pair);
    } catch (error) {
      // Nothing was typed: it never ran.
      clearTimeout(timer);
      command.stdin.close();
      if (pair) outputs.release(pair, () => {});
      command.fail(asHoldfastError(error, 'the command could not be run'), now());
      return;
    }
    await this.#see(pair, outcome, timer);
  }

  /** Goes on with what an engine that died had begun; the command was restored from the same record. */
  async resume(record: CommandRecord): Promise<void> {
    const { command } = this;
    const { outputs, keeper, exits, folder, sessionKey } = this.#deps;
    const { log, request } = command;
    this.#inherit(record);
    const leases = leasesOf(command, (stream, chunk) => this.#output(stream, chunk));
    const pair = outputs.resume(record.streams!, leases, (stream) =>
      stream === 'stdout' ? log.stdoutBytes : log.stderrBytes,
    );
    this.#typing = new Typing({ keeper, exits, folder, sessionKey });
    this.#restarted = record.restarted ?? false;
    const died =
      record.shellEnd ?? (sameProcess(record.typed!.shell, keeper.shell.name) ? undefined : UNSEEN);
    const outcome: Promise<Outcome> = died
      ? Promise.resolve({ kind: 'died', end: died })
      : this.#typing.resume(command.id, record.typed!);
    const left = request.timeoutMs && command.startedAt!.getTime() + request.timeoutMs - Date.now();
    const timer = left === undefined ? undefined : setTimeout(() => this.end('timeout'), Math.max(0, left));
    if (command.ending && this.#typing.running) this.#escalate(command.ending);
    const seen = await outcome;
    await this.#see(pair, seen.kind === 'untyped' ? await this.#type(pair) : seen, timer);
  }

  /** Keeps what still comes of a command that ended before its engine died. */
  listenOn(record: CommandRecord): void {
    const { command } = this;
    const { log } = command;
    const leases = leasesOf(command, (stream, chunk) => this.#output(stream, chunk));
    const pair = this.#deps.outputs.resume(record.streams!, leases, (stream) =>
      stream === 'stdout' ? log.stdoutBytes : log.stderrBytes,
    );
    this.#deps.outputs.release(pair, () => command.rest());
  }

  /** From how its typing came out to its end. */
  async #see(pair: OutputPair, first: Outcome, timer: NodeJS.Timeout | undefined): Promise<void> {
    const { command } = this;
    const { keeper, outputs } = this.#deps;
    let outcome = first;
    for (const remedy of REMEDIES) {
      if (this.#wasRun(outcome) || command.ending) break;
      if (remedy === 'checkpoint') {
        if (outcome.kind !== 'reported') continue;
        keeper.retryCheckpoint();
      } else {
        if (remedy === 'whole' && outcome.kind === 'deaf') continue;
        await keeper.revive(remedy);
        this.#restarted = true;
        if (command.ending) break; // its session was deleted meanwhile
      }
      outcome = await this.#type(pair);
    }
    clearTimeout(timer);
    await this.#escalation;
    outputs.release(pair, () => command.rest());
    command.stdin.close();
    command.stdin = closedStdin();
    command.log.flush();
    await this.#conclude(outcome);
    this.#typing!.forget();
  }

  /** Ends it early; the first reason counts. */
  end(reason: EndReason): void {
    const { command } = this;
    const typing = this.#typing;
    if (command.state !== 'running' || command.ending) return;
    command.endFor(reason);
    // While its shell is being replaced nothing of it runs, and nothing will.
    if (typing?.running) this.#escalate(reason);
  }

  #escalate(reason: EndReason): void {
    const typing = this.#typing!;
    const { shell } = this.#deps.keeper;
    this.#escalation = escalate(
      { owner: typing.owner, running: () => typing.running, signalShell: (signal) => shell.signal(signal) },
      reason === 'timeout' || reason === 'interrupt' || reason === 'terminated',
    );
  }

  /** Called several times a second while it runs: finds a shell that has stopped or no longer answers. */
  look(): void {
    this.#typing?.look();
  }

  #prepare(): void {
    const { keeper, folder } = this.#deps;
    const { id, request } = this.command;
    this.#scope = callScope(request, keeper.cwd);
    writeCommand(folder, request.text);
    if (request.stdinOpen) openStdinFifo(this.command, this.#deps.fifos, this.#stdinTaken);
    else if (request.stdin !== undefined) {
      this.command.stdin = fileStdin(`${folder}/stdin.${id}`, request.stdin);
    }
  }

  /** What `prepare` made, found again. Its files are as they were: the shell may be reading them. */
  #inherit({ stdin }: CommandRecord): void {
    const { keeper, folder } = this.#deps;
    const { command } = this;
    try {
      this.#scope = callScope(command.request, keeper.cwd);
    } catch {
      this.#scope = undefined; // its directory has gone since: the shell has entered it, or says so
    }
    if (stdin) inheritStdinFifo(command, stdin, this.#deps.fifos, this.#stdinTaken);
    else if (command.request.stdin !== undefined) command.stdin = keptStdin(`${folder}/stdin.${command.id}`);
  }

  /** stdin is the first redirection: a shell that has begun and has another stdin than its own has it open. */
  readonly #stdinTaken = () => this.#begun() && this.#deps.keeper.shell.inCommand();

  async #type(pair: OutputPair): Promise<Outcome> {
    const { command } = this;
    const { keeper, exits, folder, sessionKey, isLast, now } = this.#deps;
    const before = this.#typing;
    this.#typing = new Typing({ keeper, exits, folder, sessionKey });
    return this.#typing.type({
      commandId: command.id,
      stdinPath: command.stdin.path,
      stdoutPath: pair.stdout.path,
      stderrPath: pair.stderr.path,
      scope: this.#scope,
      withCheckpoint: isLast(),
      note: (typed) => {
        const restarted = this.#restarted;
        const stdin = command.request.stdinOpen ? { stdin: command.stdin.path } : {};
        if (command.state === 'queued')
          command.start(now(), { typed, sessionKey, restarted, streams: command.streamsOf(pair), ...stdin });
        else command.recorder.set({ typed, restarted });
        before?.forget();
      },
    });
  }

  /** The shell went into the command: the file that it made says so even when the shell is gone. */
  #begun(): boolean {
    return existsSync(`${this.#deps.folder}/started`);
  }

  #wasRun(outcome: Outcome): boolean {
    return outcome.kind === 'reported' ? outcome.report.status !== 'B' : this.#begun();
  }

  async #conclude(outcome: Outcome): Promise<void> {
    const { command } = this;
    const restarted = this.#restarted;
    const { keeper, now, sessionKey, sessionFields } = this.#deps;
    const session = () => ({ key: sessionKey, set: { ...keeper.state(), ...sessionFields() } });
    const finish = (exitCode: number, signal: NodeJS.Signals | null, shellRestarted: boolean) =>
      command.finish(
        { exitCode, signal, shellRestarted, cwd: keeper.cwd, missingCwd: keeper.takeMissingCwd() },
        now(),
        session(),
      );
    const fail = (error: HoldfastError) => command.fail(error, now(), session());
    if (outcome.kind === 'reported') {
      const { report } = outcome;
      if (report.run !== undefined) keeper.note(report as Report);
      else if (typeof report.status === 'number') keeper.noteStatus(report.status);
      if (typeof report.status === 'number') finish(report.status, null, restarted);
      // It never ran: what ended it early is all there is to tell.
      else if (command.ending) finish(0, null, restarted);
      else fail(notRun(report.status));
      return;
    }
    const begun = this.#begun();
    // On record before the next shell's files take the place of its own.
    const end = outcome.kind === 'died' ? { ...outcome.end } : UNSEEN;
    if (end.signal === null) end.exitCode ??= keeper.endStatus() ?? null;
    if (outcome.kind === 'died') command.recorder.trySet({ shellEnd: end });
    // Revived first, so that whoever reads the result finds the session usable, and knows where it is.
    await keeper.revive(outcome.kind === 'deaf' ? 'quiet' : 'whole');
    if (outcome.kind === 'deaf' && !command.ending) {
      fail(begun ? deaf() : notRun('B'));
    } else if (outcome.kind === 'died' && (begun || command.ending)) {
      const { exitCode, signal } = end;
      const known = exitCode ?? (signal ? 128 + constants.signals[signal] : undefined);
      keeper.lastStatus = known ?? 0;
      if (known === undefined && !command.ending) fail(unseen());
      else finish(known ?? 0, signal, command.ending !== 'deleted');
    } else if (command.ending) finish(0, null, true);
    else fail(notRun('B'));
  }

  #output(stream: StreamName, chunk: Uint8Array): void {
    const { command } = this;
    if (this.#flooded) return;
    const kept = keep(command, stream, chunk);
    command.changed();
    if (kept && command.log.size <= LIMITS.foregroundLogBytes) return;
    this.#flooded = true;
    this.end('outputLimit');
    // What a command left in the background may not fill the disk either.
    if (command.ended && this.owner) void endAtOnce({ ...this.owner, known: new Map() });
  }
}

/** How a shell ended that is no child of this engine. */
const UNSEEN: ShellEnd = { exitCode: null, signal: null };

function sameProcess(a: ProcessName, b: ProcessName): boolean {
  return a.pid === b.pid && a.startTicks === b.startTicks;
}

function unseen(): HoldfastError {
  return new HoldfastError(
    'COMMAND_LOST',
    'the shell of the command was killed while the engine was not there to see it; its exit code is unknown',
  );
}

function deaf(): HoldfastError {
  return new HoldfastError(
    'COMMAND_LOST',
    'the command made its shell deaf to the engine; its exit code is unknown',
  );
}

function notRun(status: 'B' | 'E'): HoldfastError {
  return status === 'E'
    ? new HoldfastError(
        'INVALID_REQUEST',
        "the call's cwd or env could not be set: a variable is read-only in this session, or the directory cannot be entered",
      )
    : new HoldfastError(
        'INTERNAL',
        'the session could not run the command; delete the session and make it anew',
      );
}

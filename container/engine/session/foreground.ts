// One foreground command from its turn to its end, in its session's own shell.
// Owner of: its FIFO pair, its stdin, its timeout. Invariant: when it resolves, the command has ended and
// the session is usable.
import { LIMITS } from '#protocol';
import type { Command, EndReason } from '../command/command.ts';
import { keep } from '../command/keep.ts';
import { leasesOf } from '../command/leases.ts';
import { closedStdin } from '../command/stdin.ts';
import type { FifoPool } from '../fifo/pool.ts';
import { type CommandRecord, type SessionState, sameProcess } from '../journal/state.ts';
import type { StreamName } from '../log/label.ts';
import type { Owner } from '../proc/belonging.ts';
import { endAtOnce } from '../proc/end-at-once.ts';
import { escalate } from '../proc/escalate.ts';
import type { ExitFiles } from '../shell/exit-files.ts';
import { UNSEEN_END } from '../shell/shell.ts';
import { asHoldfastError } from '../system-error.ts';
import type { CallScope } from './call-files.ts';
import { conclude } from './conclude.ts';
import type { OutputPair, Outputs } from './outputs.ts';
import { inheritCall, prepareCall } from './prepare.ts';
import type { ShellKeeper } from './shell-keeper.ts';
import { hasBegun, type Outcome, Typing } from './typing.ts';

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
      this.#scope = prepareCall(command, this.#deps, this.#stdinTaken);
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
    const { keeper, exits, folder, sessionKey } = this.#deps;
    const { request } = command;
    this.#scope = inheritCall(command, record, this.#deps, this.#stdinTaken);
    const pair = this.#resumeOutput(record);
    this.#typing = new Typing({ keeper, exits, folder, sessionKey });
    this.#restarted = record.restarted ?? false;
    const died =
      record.shellEnd ?? (sameProcess(record.typed!.shell, keeper.shell.name) ? undefined : UNSEEN_END);
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
    this.#deps.outputs.release(this.#resumeOutput(record), () => this.command.rest());
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
    await conclude(command, outcome, this.#restarted, this.#deps);
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

  /** stdin is the first redirection: a shell that has begun and has another stdin than its own has it open. */
  readonly #stdinTaken = () => hasBegun(this.#deps.folder) && this.#deps.keeper.shell.inCommand();

  #resumeOutput(record: CommandRecord): OutputPair {
    const { log } = this.command;
    const leases = leasesOf(this.command, (stream, chunk) => this.#output(stream, chunk));
    return this.#deps.outputs.resume(record.streams!, leases, (stream) =>
      stream === 'stdout' ? log.stdoutBytes : log.stderrBytes,
    );
  }

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

  #wasRun(outcome: Outcome): boolean {
    return outcome.kind === 'reported' ? outcome.report.status !== 'B' : hasBegun(this.#deps.folder);
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

// One foreground command from its turn to its end, in its session's own shell.
// Owner of: its FIFO pair, its stdin, its timeout. Invariant: when it resolves, the command has ended and
// the session is usable.
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { HoldfastError, LIMITS } from '#protocol';
import type { Command, EndReason } from '../command/command.ts';
import { keep } from '../command/keep.ts';
import { closedStdin, fileStdin, openStdin } from '../command/stdin.ts';
import type { FifoPool } from '../fifo/pool.ts';
import type { StreamName } from '../log/label.ts';
import type { Owner } from '../proc/belonging.ts';
import { endAtOnce } from '../proc/end-at-once.ts';
import { escalate } from '../proc/escalate.ts';
import type { ExitFiles } from '../shell/exit-files.ts';
import type { Report } from '../shell/report.ts';
import { type CallScope, callScope, writeCommand } from './call-files.ts';
import type { Outputs } from './outputs.ts';
import type { ShellKeeper } from './shell-keeper.ts';
import { type Outcome, Typing } from './typing.ts';

export interface ForegroundDeps {
  keeper: ShellKeeper;
  outputs: Outputs;
  fifos: FifoPool;
  exits: ExitFiles;
  folder: string;
  sessionKey: string;
  now(): Date;
  /** No other command waits: the state is written when this one is done. */
  isLast(): boolean;
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
    const { keeper, outputs, now } = this.#deps;
    try {
      this.#prepare();
    } catch (error) {
      command.fail(error as HoldfastError, now());
      return;
    }
    const pair = outputs.lease((stream, chunk) => this.#output(stream, chunk));
    const { timeoutMs } = command.request;
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => this.end('timeout'), timeoutMs);
    command.start(now());
    const type = () => this.#type(pair.stdout.path, pair.stderr.path);
    let outcome = await type();
    for (const remedy of REMEDIES) {
      if (this.#wasRun(outcome) || command.ending) break;
      if (remedy === 'checkpoint') {
        if (outcome.kind !== 'reported') continue;
        keeper.retryCheckpoint();
      } else {
        if (remedy === 'whole' && outcome.kind === 'deaf') continue;
        await keeper.revive(remedy);
        restarted = true;
        if (command.ending) break; // its session was deleted meanwhile
      }
      outcome = await type();
    }
    clearTimeout(timer);
    await this.#escalation;
    outputs.release(pair, () => {
      command.log.flush();
      command.log.rest();
    });
    command.stdin.close();
    command.stdin = closedStdin();
    command.log.flush();
    await this.#conclude(outcome, restarted);
  }

  /** Ends it early; the first reason counts. */
  end(reason: EndReason): void {
    const { command } = this;
    const typing = this.#typing;
    if (command.state !== 'running' || command.ending) return;
    command.ending = reason;
    // While its shell is being replaced nothing of it runs, and nothing will.
    if (!typing?.running) return;
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
    const { keeper, folder, fifos } = this.#deps;
    const { id, request } = this.command;
    this.#scope = callScope(request, keeper.cwd);
    writeCommand(folder, request.text);
    if (request.stdinOpen) {
      const path = fifos.take();
      // stdin is the first redirection: a shell that has begun and has another stdin than its own has it open.
      const taken = () => this.#begun() && keeper.shell.inCommand();
      const stdin = openStdin(path, taken);
      this.command.stdin = {
        ...stdin,
        close: () => {
          stdin.close();
          fifos.discard(path);
        },
      };
    } else if (request.stdin !== undefined) {
      this.command.stdin = fileStdin(`${folder}/stdin.${id}`, request.stdin);
    }
  }

  #type(stdoutPath: string, stderrPath: string): Promise<Outcome> {
    const { keeper, exits, folder, sessionKey, isLast } = this.#deps;
    this.#typing = new Typing({ keeper, exits, folder, sessionKey });
    return this.#typing.type({
      commandId: this.command.id,
      stdinPath: this.command.stdin.path,
      stdoutPath,
      stderrPath,
      scope: this.#scope,
      withCheckpoint: isLast(),
    });
  }

  /** The shell went into the command: the file that it made says so even when the shell is gone. */
  #begun(): boolean {
    return existsSync(`${this.#deps.folder}/started`);
  }

  #wasRun(outcome: Outcome): boolean {
    return outcome.kind === 'reported' ? outcome.report.status !== 'B' : this.#begun();
  }

  async #conclude(outcome: Outcome, restarted: boolean): Promise<void> {
    const { command } = this;
    const { keeper, now } = this.#deps;
    const finish = (exitCode: number, signal: NodeJS.Signals | null, shellRestarted: boolean) =>
      command.finish(
        { exitCode, signal, shellRestarted, cwd: keeper.cwd, missingCwd: keeper.takeMissingCwd() },
        now(),
      );
    if (outcome.kind === 'reported') {
      const { report } = outcome;
      if (report.run !== undefined) keeper.note(report as Report);
      else if (typeof report.status === 'number') keeper.lastStatus = report.status;
      if (typeof report.status === 'number') finish(report.status, null, restarted);
      // It never ran: what ended it early is all there is to tell.
      else if (command.ending) finish(0, null, restarted);
      else command.fail(notRun(report.status), now());
      return;
    }
    const begun = this.#begun();
    // Revived first, so that whoever reads the result finds the session usable, and knows where it is.
    await keeper.revive(outcome.kind === 'deaf' ? 'quiet' : 'whole');
    if (outcome.kind === 'deaf' && !command.ending) {
      command.fail(begun ? deaf() : notRun('B'), now());
    } else if (outcome.kind === 'died' && (begun || command.ending)) {
      const { exitCode, signal } = outcome.end;
      keeper.lastStatus = exitCode ?? 128 + (signal ? constants.signals[signal] : 0);
      finish(keeper.lastStatus, signal, command.ending !== 'deleted');
    } else if (command.ending) finish(0, null, true);
    else command.fail(notRun('B'), now());
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

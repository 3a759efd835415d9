// One command typed into a shell, until the shell reports, dies, or is found deaf.
import { existsSync } from 'node:fs';
import type { TypedRun } from '../journal/state.ts';
import type { Owner } from '../proc/belonging.ts';
import { bootTicks, childrenOf } from '../proc/stat.ts';
import { removeFile } from '../remove-file.ts';
import type { ExitFiles } from '../shell/exit-files.ts';
import { runLines } from '../shell/lines.ts';
import type { Report } from '../shell/report.ts';
import type { ShellEnd, ShellListener } from '../shell/shell.ts';
import { type CallScope, removeCallFiles } from './call-files.ts';
import type { ShellKeeper } from './shell-keeper.ts';

/** How the shell's part ended. */
export type Outcome =
  | { kind: 'reported'; report: Pick<Report, 'status'> & Partial<Report> }
  | { kind: 'died'; end: ShellEnd }
  | { kind: 'deaf' }
  /** An engine died before it typed the command that it had noted. */
  | { kind: 'untyped' };

export interface TypingDeps {
  keeper: ShellKeeper;
  exits: ExitFiles;
  folder: string;
  sessionKey: string;
}

export interface Typed {
  commandId: string;
  stdinPath: string;
  stdoutPath: string;
  stderrPath: string;
  scope: CallScope | undefined;
  withCheckpoint: boolean;
  /** Is told before anything is typed. Throws when that cannot be kept: nothing is typed then. */
  note(run: TypedRun): void;
}

/** How much later than the exit file a report may be heard. */
const REPORT_PATIENCE_MS = 100;
/** Looks in a row that find the shell at its prompt: alone it waits for lines that are gone; with a child, long. */
const DEAF_AFTER_LOOKS = { alone: 2, 'with a child': 12 };

export class Typing {
  readonly #deps: TypingDeps;
  readonly owner: Owner;
  running = false;
  #settle: (outcome: Outcome) => void = () => {};
  #looks = 0;
  /** It was typed by an engine that died, or was about to be. */
  #inherited = false;
  /** It may have files of its own. */
  #hasFiles = true;
  #run = 0;
  #status: Report['status'] | undefined;

  constructor(deps: TypingDeps) {
    const { pid } = deps.keeper.shell;
    this.#deps = deps;
    this.owner = { sessionKey: deps.sessionKey, shellPid: pid, known: new Map() };
  }

  type({ commandId, scope, withCheckpoint, note, ...paths }: Typed): Promise<Outcome> {
    const { keeper, folder } = this.#deps;
    const { shell } = keeper;
    const run = keeper.facts.nextRun();
    const typed = {
      run,
      shell: shell.name,
      startTicks: bootTicks(),
      earlierChildren: childrenOf(shell.pid),
      withCheckpoint,
    };
    removeFile(`${folder}/started`);
    this.#hasFiles = scope !== undefined;
    scope?.write(folder, run);
    note(typed);
    const { checkpoint, lastStatus } = keeper.facts;
    const lines = runLines({
      run,
      checkpoint,
      lastStatus,
      commandId,
      folder,
      scope: scope?.scope,
      withCheckpoint,
      ...paths,
    });
    if (withCheckpoint) keeper.facts.checkpoint = run;
    return this.#wait(commandId, typed, (listener) => shell.type(lines, listener));
  }

  /** Waits for what an engine that died had typed, or was about to. */
  resume(commandId: string, typed: TypedRun): Promise<Outcome> {
    const { shell } = this.#deps.keeper;
    this.#inherited = true;
    return this.#wait(commandId, typed, (listener) => shell.listenFor(listener));
  }

  /** Call it when the outcome is on record: until then its exit file is what another engine would find. */
  forget(): void {
    const { exits, keeper, folder } = this.#deps;
    if (this.#status !== undefined) exits.forget(keeper.key, this.#run, this.#status);
    if (this.#hasFiles) removeCallFiles(folder, this.#run);
  }

  #wait(commandId: string, typed: TypedRun, listen: (listener: ShellListener) => void): Promise<Outcome> {
    const { keeper, exits } = this.#deps;
    const { run, startTicks, earlierChildren } = typed;
    this.owner.command = { id: commandId, startTicks, earlierChildren: new Set(earlierChildren) };
    this.#run = run;
    this.running = true;
    keeper.busy = true;
    return new Promise((resolve) => {
      this.#settle = (outcome) => {
        this.running = false;
        keeper.busy = false;
        this.#settle = () => {};
        exits.abandon(keeper.key, run);
        if (outcome.kind === 'reported') this.#status = outcome.report.status;
        resolve(outcome);
      };
      // The file is seen a moment before the report, which tells more; it counts if none comes.
      let status: Report['status'] | undefined;
      const settleByFile = () => {
        if (status !== undefined) this.#settle({ kind: 'reported', report: { status } });
      };
      exits.expect(keeper.key, run, (found) => {
        if (status === undefined) setTimeout(settleByFile, REPORT_PATIENCE_MS);
        status = found;
      });
      listen({
        report: (report) => {
          if (report.run === run) this.#settle({ kind: 'reported', report });
        },
        ended: (end) => {
          exits.look(); // it may have reported with its last breath
          settleByFile();
          this.#settle({ kind: 'died', end });
        },
      });
    });
  }

  look(): void {
    if (!this.running) return;
    const { shell } = this.#deps.keeper;
    shell.continueIfStopped();
    const at = shell.atPrompt();
    this.#looks = at === undefined ? 0 : this.#looks + 1;
    if (at === undefined || this.#looks < DEAF_AFTER_LOOKS[at]) return;
    const untyped = this.#inherited && at === 'alone' && !hasBegun(this.#deps.folder);
    this.#settle(untyped && shell.hasReadAll() ? { kind: 'untyped' } : { kind: 'deaf' });
  }
}

/** The shell went into the command: the file that it made says so even when the shell is gone. */
export function hasBegun(folder: string): boolean {
  return existsSync(`${folder}/started`);
}

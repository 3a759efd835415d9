// One command typed into a shell, until the shell reports, dies, or is found deaf.
import { rmSync } from 'node:fs';
import type { Owner } from '../proc/belonging.ts';
import { bootTicks, childrenOf } from '../proc/stat.ts';
import type { ExitFiles } from '../shell/exit-files.ts';
import { runLines } from '../shell/lines.ts';
import type { Report } from '../shell/report.ts';
import type { ShellEnd } from '../shell/shell.ts';
import { type CallScope, removeCallFiles } from './call-files.ts';
import type { ShellKeeper } from './shell-keeper.ts';

/** How the shell's part ended. */
export type Outcome =
  | { kind: 'reported'; report: Pick<Report, 'status'> & Partial<Report> }
  | { kind: 'died'; end: ShellEnd }
  | { kind: 'deaf' };

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

  constructor(deps: TypingDeps) {
    const { pid } = deps.keeper.shell;
    this.#deps = deps;
    this.owner = { sessionKey: deps.sessionKey, shellPid: pid, known: new Map() };
  }

  type({ commandId, scope, withCheckpoint, ...paths }: Typed): Promise<Outcome> {
    const { keeper, exits, folder } = this.#deps;
    const { shell } = keeper;
    const run = keeper.nextRun();
    this.owner.command = {
      id: commandId,
      startTicks: bootTicks(),
      earlierChildren: new Set(childrenOf(shell.pid)),
    };
    rmSync(`${folder}/started`, { force: true });
    scope?.write(folder, run);
    const { checkpoint, lastStatus } = keeper;
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
    if (withCheckpoint) keeper.checkpoint = run;
    this.running = true;
    keeper.busy = true;
    return new Promise((resolve) => {
      this.#settle = (outcome) => {
        this.running = false;
        keeper.busy = false;
        this.#settle = () => {};
        if (outcome.kind === 'reported') exits.forget(shell.key, run, outcome.report.status);
        else exits.abandon(shell.key, run);
        if (scope) removeCallFiles(folder, run);
        resolve(outcome);
      };
      // The file is seen a moment before the report, which tells more; it counts if none comes.
      let status: Report['status'] | undefined;
      const settleByFile = () => {
        if (status !== undefined) this.#settle({ kind: 'reported', report: { status } });
      };
      exits.expect(shell.key, run, (found) => {
        if (status === undefined) setTimeout(settleByFile, REPORT_PATIENCE_MS);
        status = found;
      });
      shell.type(lines, {
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
    if (at !== undefined && this.#looks >= DEAF_AFTER_LOOKS[at]) this.#settle({ kind: 'deaf' });
  }
}

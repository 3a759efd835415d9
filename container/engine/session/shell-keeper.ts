// Keeps one living shell for a session: starts it, and where it died starts another that is made equal
// from the last checkpoint.
import { readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { LIMITS } from '#protocol';
import { killReadersOf } from '../proc/signal.ts';
import { type Checkpoint, parseCheckpoint, restoreScript, savedVariable } from '../shell/checkpoint.ts';
import { checkpointLine, restoreLines } from '../shell/lines.ts';
import type { ShellPaths } from '../shell/rc.ts';
import type { Report } from '../shell/report.ts';
import { markerOf, Shell } from '../shell/shell.ts';
import { nearestDirectory, shellDirectory } from './directory.ts';

export interface ShellKeeperOptions {
  paths: ShellPaths;
  cwd: string;
  env: Record<string, string>;
  /** Of the session: tells its shells' reports from any other session's; runs are counted through all of them. */
  key: string;
}

export class ShellKeeper {
  readonly #options: ShellKeeperOptions;
  #shell: Shell;
  /** Counts runs through all shells of the session, so that no report is ever taken for another's. */
  #runs = 0;
  /** Run whose checkpoint the shell must have made before the next command. */
  checkpoint = 0;
  /** `$?` of the last command. */
  lastStatus = 0;
  cwd: string;
  /** The last restored state was too large and lacks its largest variables. */
  stateTruncated = false;
  #idleTimer: NodeJS.Timeout | undefined;
  #closed = false;
  /** A command runs: its shell needs no waking. */
  busy = false;

  constructor(options: ShellKeeperOptions) {
    this.#options = options;
    this.cwd = options.cwd;
    this.#shell = this.#start(options.cwd);
  }

  get shell(): Shell {
    return this.#shell;
  }

  /** Number of the last run that was typed. */
  get runs(): number {
    return this.#runs;
  }

  nextRun(): number {
    return ++this.#runs;
  }

  /**
   * Asks for the checkpoint once more: an interrupt at the end of a command may have hit its writing, and
   * the next command then takes the shell for one that cannot source.
   */
  retryCheckpoint(): void {
    this.checkpoint = this.#runs;
    this.#shell.note(checkpointLine(this.#runs, this.#options.paths.folder));
  }

  /** The last whole checkpoint of the living shell, if there is one yet. */
  savedState(): Checkpoint | undefined {
    return this.#newestCheckpoint();
  }

  /** Takes over what a report tells about the shell. */
  note(report: Report): void {
    if (typeof report.status === 'number') this.lastStatus = report.status;
    this.cwd = shellDirectory(report.pwd, linkOf(`/proc/${this.#shell.pid}/cwd`));
    this.#keepAwake(report.idleTimeoutSeconds);
  }

  /**
   * Replaces a shell that is dead or no longer answers. `quiet` leaves out what runs at a prompt, for a
   * shell that was made deaf; `none` the whole state, for one that breaks every shell it is loaded into.
   */
  async revive(state: 'whole' | 'quiet' | 'none'): Promise<void> {
    const old = this.#shell;
    if (state !== 'whole') killReadersOf(this.#options.paths.input, old.pid);
    old.signal('SIGKILL');
    await old.ended;
    clearInterval(this.#idleTimer);
    if (this.#closed) return;
    const saved = state === 'none' ? undefined : this.#newestCheckpoint();
    const pwd = saved ? (savedVariable(saved, 'PWD') ?? this.cwd) : this.#options.cwd;
    this.#shell = this.#start(nearestDirectory(pwd));
    this.checkpoint = 0;
    if (saved) {
      if (await this.#restore(saved, pwd, state === 'quiet')) return;
      await this.revive(state === 'whole' ? 'quiet' : 'none');
      this.stateTruncated = true;
      return;
    }
    this.cwd = this.#options.cwd;
  }

  /** The session is deleted: ends the shell, also one that is just being started. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#idleTimer);
    this.#shell.signal('SIGKILL');
    await this.#shell.ended;
  }

  #start(cwd: string): Shell {
    const { paths, env, key } = this.#options;
    for (const name of ['state.0', 'state.1', 'state.exit'])
      rmSync(`${paths.folder}/${name}`, { force: true });
    return new Shell({ paths, key, cwd, env });
  }

  /** False if the fresh shell died of the state or did not come through it. */
  async #restore(saved: Checkpoint, cwd: string, quiet: boolean): Promise<boolean> {
    const { folder } = this.#options.paths;
    const { script, truncated } = restoreScript(saved, {
      cwd,
      maxBytes: LIMITS.checkpointBytes,
      quiet,
    });
    writeFileSync(`${folder}/restore`, script, { mode: 0o600, encoding: 'latin1' });
    const run = this.nextRun();
    const report = await new Promise<Report | undefined>((resolve) => {
      const patience = setTimeout(() => resolve(undefined), RESTORE_PATIENCE_MS);
      const settle = (value: Report | undefined) => {
        clearTimeout(patience);
        resolve(value);
      };
      this.#shell.type(restoreLines(run, folder), {
        report: (heard) => heard.run === run && settle(heard),
        ended: () => settle(undefined),
      });
    });
    rmSync(`${folder}/restore`, { force: true });
    if (!report) return false;
    rmSync(`${this.#options.paths.exits}/${this.#shell.key}.${run}.0`, { force: true });
    const status = this.lastStatus;
    this.note(report);
    this.lastStatus = status;
    this.stateTruncated = truncated;
    // The old shell's files are gone: without one of its own, this shell's death would lose it all.
    this.retryCheckpoint();
    return true;
  }

  #newestCheckpoint(): Checkpoint | undefined {
    const found = ['state.0', 'state.1', 'state.exit'].flatMap((name) => {
      const text = readIfThere(`${this.#options.paths.folder}/${name}`);
      const checkpoint = text === undefined ? null : parseCheckpoint(text, markerOf(this.#options.key));
      // The state at the exit counts as newer than the checkpoint of the same run.
      return checkpoint ? [{ checkpoint, age: checkpoint.run + (name === 'state.exit' ? 0.5 : 0) }] : [];
    });
    return found.sort((a, b) => b.age - a.age)[0]?.checkpoint;
  }

  /** A shell with TMOUT set ends when its prompt is idle that long (bash(1), TMOUT); sessions do not. */
  #keepAwake(idleTimeoutSeconds: number): void {
    clearInterval(this.#idleTimer);
    if (idleTimeoutSeconds <= 0) return;
    const everyMs = Math.min(idleTimeoutSeconds * 300, 60_000);
    this.#idleTimer = setInterval(() => this.busy || this.#shell.nudge(), everyMs);
  }
}

const RESTORE_PATIENCE_MS = 5000;

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined; // not written, or not readable under the user's own umask: there is none
  }
}

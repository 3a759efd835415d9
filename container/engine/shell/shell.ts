// One bash: started, typed into, heard, and found out when it no longer answers.
// It holds both ends of its input and control FIFOs itself (descriptors 0 and 1), so that it does not
// die with the engine.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, mkdirSync, writeFileSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { HoldfastError } from '#protocol';
import { NOBODY, type ProcessName } from '../journal/state.ts';
import { waitingBytes } from '../linux/libc.ts';
import { isAlive, onceGone } from '../linux/once-gone.ts';
import { openAll } from '../linux/open-all.ts';
import type { Poller } from '../linux/poller.ts';
import { childrenOf, ProcessStat, stdinOf } from '../proc/stat.ts';
import { BASH } from './bash.ts';
import { notStarted } from './no-room.ts';
import { atExitScript, PROOF, rcFile, type ShellPaths } from './rc.ts';
import { type Report, ReportReader } from './report.ts';

const { O_RDWR, O_NONBLOCK } = constants;

export interface ShellOptions {
  paths: ShellPaths;
  /** Random, of the session: tells its reports from any other session's. */
  key: string;
  cwd: string;
  env: Record<string, string>;
}

/** How a shell ended. */
export interface ShellEnd {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

/** How one ended that nobody saw end: it is no child of this engine. */
export const UNSEEN_END: Readonly<ShellEnd> = { exitCode: null, signal: null };

/** Hears what a shell says; the one who typed last listens. */
export interface ShellListener {
  report(report: Report): void;
  ended(end: ShellEnd): void;
}

/** How the end of a process is learned: of a child by Node, of another by its pidfd. */
type Watch = (ended: (end: ShellEnd) => void) => void;

export class Shell {
  readonly name: ProcessName;
  readonly key: string;
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;
  /** How it ended; undefined while it lives. */
  #end: ShellEnd | undefined;
  readonly #paths: ShellPaths;
  readonly #input: number;
  readonly #control: Socket;
  #listener: ShellListener = { report() {}, ended() {} };

  private constructor(
    { paths, key }: Pick<ShellOptions, 'paths' | 'key'>,
    begin: () => [ProcessName, Watch],
  ) {
    this.key = key;
    this.#paths = paths;
    const [input, control] = openAll([paths.input, paths.control], O_RDWR | O_NONBLOCK);
    this.#input = input!;
    this.#control = listen(control!, key, (report) => this.#listener.report(report));
    let watch: Watch;
    try {
      [this.name, watch] = begin();
    } catch (error) {
      closeSync(this.#input);
      this.#control.destroy();
      throw error;
    }
    this.ended = new Promise((resolve) => {
      watch((end) => {
        this.#end = end;
        closeSync(this.#input);
        this.#control.destroy();
        this.#listener.ended(end);
        resolve();
      });
    });
  }

  /** 400 INVALID_REQUEST when it cannot be started. */
  static start(options: ShellOptions): Shell {
    const { paths, key } = options;
    mkdirSync(paths.folder, { recursive: true, mode: 0o700 });
    writeFileSync(`${paths.folder}/rc`, rcFile(paths, key), { mode: 0o600 });
    writeFileSync(`${paths.folder}/proof`, PROOF, { mode: 0o600 });
    writeFileSync(`${paths.folder}/at-exit`, atExitScript(paths.folder), { mode: 0o600 });
    return new Shell(options, () => {
      const child = startBash(options);
      if (child?.pid === undefined) {
        child?.once('error', () => {}); // said by what is thrown here
        throw child ? notStarted(options.cwd) : tooLarge();
      }
      const startTicks = ProcessStat.read(child.pid)?.startTicks ?? 0;
      return [
        { pid: child.pid, startTicks },
        (ended) => child.once('exit', (exitCode, signal) => ended({ exitCode, signal })),
      ];
    });
  }

  /** The shell that an engine which died had started, also if it has ended since. How it ended is not known. */
  static adopt(
    options: Pick<ShellOptions, 'paths' | 'key'>,
    name: ProcessName | undefined,
    poller: Poller,
  ): Shell {
    if (name && isAlive(name)) {
      return new Shell(options, () => [
        name,
        (ended) => onceGone(name, poller, (end) => ended(end ?? UNSEEN_END)),
      ]);
    }
    return new Shell(options, () => [name ?? NOBODY, (ended) => ended(UNSEEN_END)]);
  }

  get pid(): number {
    return this.name.pid;
  }

  get alive(): boolean {
    return this.#end === undefined;
  }

  /** Types lines; `listener` hears what follows, at once where the shell is dead. */
  type(lines: string, listener: ShellListener): void {
    if (this.alive) writeSync(this.#input, lines);
    this.listenFor(listener);
  }

  /** `listener` hears what follows of what another engine had typed. */
  listenFor(listener: ShellListener): void {
    this.#listener = listener;
    if (this.#end) listener.ended(this.#end);
  }

  /** Whether it has read all that was typed. */
  hasReadAll(): boolean {
    return this.alive && waitingBytes(this.#input) === 0;
  }

  /** An empty line: a shell with TMOUT set counts its idle time anew. */
  nudge(): void {
    if (!this.alive) return;
    try {
      writeSync(this.#input, '\n');
    } catch (error) {
      // A full FIFO: the shell has lines enough to wake up to.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }

  /** Sends a signal to the shell process alone. */
  signal(signal: NodeJS.Signals | number): void {
    if (!this.alive) return;
    try {
      process.kill(this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** A stopped shell (kill -STOP $$) goes on: nobody else would continue it. */
  continueIfStopped(): void {
    if (ProcessStat.read(this.pid)?.state.toUpperCase() === 'T') this.signal('SIGCONT');
  }

  /** Types lines of which no report will come. */
  note(lines: string): void {
    if (this.alive) writeSync(this.#input, lines);
  }

  /** Whether the shell is in a command: its stdin is then anything but its input FIFO. */
  inCommand(): boolean {
    const stdin = stdinOf(this.pid);
    return stdin !== undefined && stdin !== this.#paths.input;
  }

  /**
   * Whether the shell sits at its prompt: it is in no command and sleeps. `alone` means without a child;
   * a child is what `PROMPT_COMMAND` or a DEBUG trap runs. Reads /proc/<pid>, see proc(5).
   */
  atPrompt(): 'alone' | 'with a child' | undefined {
    if (this.inCommand() || ProcessStat.read(this.pid)?.state !== 'S') return undefined;
    return childrenOf(this.pid).length === 0 ? 'alone' : 'with a child';
  }
}

function listen(fd: number, key: string, onReport: (report: Report) => void): Socket {
  const reader = new ReportReader(key);
  return new Socket({
    fd,
    readable: true,
    writable: false,
    onread: {
      buffer: Buffer.allocUnsafe(16 * 1024),
      callback: (count, bytes) => {
        for (const report of reader.push((bytes as Buffer).subarray(0, count))) onReport(report);
        return true;
      },
    },
  } as ConstructorParameters<typeof Socket>[0]);
}

function tooLarge(): HoldfastError {
  return new HoldfastError('INVALID_REQUEST', 'a shell cannot be started here: its environment is too large');
}

/** Undefined, or a child without a pid, when it cannot be started: Node throws for some reasons and not for others. */
function startBash({ paths, cwd, env }: ShellOptions): ChildProcess | undefined {
  const stdio = openAll([paths.input, paths.control, '/dev/null'], O_RDWR);
  try {
    return spawn(BASH, ['--noprofile', '--noediting', '--rcfile', `${paths.folder}/rc`, '-i'], {
      cwd,
      env,
      detached: true,
      stdio,
    });
  } catch {
    return undefined;
  } finally {
    for (const fd of stdio) closeSync(fd);
  }
}

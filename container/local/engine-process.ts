// One life of an engine as a process of this machine. What it started may outlive it.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { commandEnvironment } from './command-environment.ts';
import type { EngineProgram } from './engine-program.ts';

export interface EngineOptions {
  program: EngineProgram;
  /** Given to the engine beside what every command may see. */
  env: Record<string, string>;
  cwd: string;
  /** The file that its stderr is added to. */
  log: string;
}

export class EngineProcess {
  /** The port it listens on; never resolves when it ends before. */
  readonly port: Promise<number>;
  /** Its exit code, 128 plus the number of the signal that ended it. */
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;

  constructor({ program, env, cwd, log }: EngineOptions) {
    const stderr = openSync(log, 'a');
    this.#child = spawn(process.execPath, [program.main], {
      cwd,
      detached: true,
      // The channel is there to break when we are gone.
      stdio: ['ignore', 'pipe', stderr, 'ipc'],
      env: { ...commandEnvironment(process.env), ...program.env, ...env },
    });
    closeSync(stderr);
    this.ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
      // It could not even be started: for want of processes, or of memory.
      this.#child.once('error', () => this.#child.pid ?? resolve(1));
    });
    this.port = new Promise((resolve) => {
      createInterface({ input: this.#child.stdout! }).on('line', (line) => {
        if (line.startsWith('{"listening"')) resolve(JSON.parse(line).listening.port);
      });
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

// One engine as a process of this machine, in a folder of its own that is new with each start, as a container's disk is.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { commandEnvironment } from './command-environment.ts';
import { killAllOf, MARK } from './sweep.ts';

const MAIN = fileURLToPath(new URL('../engine/main.ts', import.meta.url));
const END_WITH_PARENT = new URL('end-with-parent.ts', import.meta.url).href;
/** From SIGTERM to SIGKILL. */
const GRACE_MS = 3_000;

export class EngineProcess {
  /** The port it listens on; rejects when it ends before. */
  readonly port: Promise<number>;
  /** Its exit code; 128 plus the number of a signal that is not known better than "killed" is 137. */
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;
  readonly #folder: string;

  /** @param folder Is emptied first. `env` is given to the engine beside what every command may see. */
  constructor(folder: string, env: Record<string, string>) {
    killAllOf(folder);
    rmSync(folder, { recursive: true, force: true });
    const workdir = join(folder, 'workspace');
    mkdirSync(workdir, { recursive: true });
    const log = openSync(join(folder, 'engine.log'), 'a');
    this.#folder = folder;
    this.#child = spawn(process.execPath, ['--import', END_WITH_PARENT, MAIN], {
      cwd: workdir,
      detached: true,
      // The channel is there to break when we are gone.
      stdio: ['ignore', 'pipe', log, 'ipc'],
      env: {
        ...commandEnvironment(process.env),
        ...env,
        [MARK]: folder,
        PORT: '0',
        HOLDFAST_HOST: '127.0.0.1',
        HOLDFAST_STATE_DIR: join(folder, 'state'),
        HOLDFAST_WORKDIR: workdir,
      },
    });
    this.ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGTERM' ? 143 : 137)));
    }).then((code) => {
      // What the engine could not end itself, because it was killed.
      killAllOf(folder);
      return code as number;
    });
    this.port = this.#readPort();
    this.port.catch(() => {});
  }

  signal(signal: number): void {
    this.#child.kill(signal);
  }

  /** Ends it with all it started, and removes its folder. */
  async destroy(): Promise<void> {
    this.#child.kill('SIGTERM');
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS);
    await this.ended;
    clearTimeout(killer);
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  async #readPort(): Promise<number> {
    const lines = createInterface({ input: this.#child.stdout! });
    for await (const line of lines) {
      const port = listeningPort(line);
      if (port === undefined) continue;
      this.#child.stdout!.resume();
      return port;
    }
    throw new Error(`the engine ended before it listened; see ${join(this.#folder, 'engine.log')}`);
  }
}

/** From `{"listening":{"host":"127.0.0.1","port":41234}}`. */
function listeningPort(line: string): number | undefined {
  return line.startsWith('{"listening"') ? JSON.parse(line).listening.port : undefined;
}

// The engine as the image holds it, one bundled file, as a process of its own with a folder of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ExecResult } from '#protocol';
import { bundleEngine } from '../../../container/bundle.ts';
import { stoppedOnInterrupt } from '../interrupted.ts';
import { scratchFolder } from '../scratch-folder.ts';
import { Connection } from './connection.ts';

const EXEC = '/sessions/default/exec';
const WARM_UPS = 200;
let bundle: Promise<string> | undefined;

export interface EngineOptions {
  env?: Record<string, string>;
  /** Where V8 writes a profile of the engine's processor time when it ends. */
  profileFolder?: string;
}

export class BenchEngine {
  readonly port: number;
  readonly pid: number;
  /** For calls one after the other; what goes on at once needs connections of its own. */
  readonly http: Connection;
  readonly stop: () => Promise<void>;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #options: EngineOptions;

  private constructor(child: ChildProcess, port: number, folder: string, options: EngineOptions) {
    this.#child = child;
    this.#folder = folder;
    this.#options = options;
    this.port = port;
    this.pid = child.pid!;
    this.http = new Connection(port);
    this.stop = stoppedOnInterrupt(() => this.#stop());
  }

  static async start(options: EngineOptions = {}): Promise<BenchEngine> {
    return BenchEngine.#startIn(scratchFolder(), options);
  }

  static async #startIn(folder: string, options: EngineOptions): Promise<BenchEngine> {
    bundle ??= bundleEngine();
    const main = await bundle;
    mkdirSync(join(folder, 'work'), { recursive: true });
    const { profileFolder, env } = options;
    const flags = profileFolder ? ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`] : [];
    const child = spawn(process.execPath, [...flags, main], {
      cwd: folder,
      env: {
        ...process.env,
        PORT: '0',
        HOLDFAST_STATE_DIR: join(folder, 'state'),
        HOLDFAST_WORKDIR: join(folder, 'work'),
        // A session that sleeps in the middle of a measurement would be another measurement.
        HOLDFAST_HIBERNATE_MS: '0',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface(child.stdout!), 'line')) as [string];
    const { port } = (JSON.parse(line) as { listening: { port: number } }).listening;
    return new BenchEngine(child, port, folder, options);
  }

  exec(command: string): Promise<ExecResult> {
    return this.http.json('POST', EXEC, { command });
  }

  /** Runs what a first command pays for, so that the smallest size is not measured with it. */
  async warmUp(): Promise<void> {
    for (let i = 0; i < WARM_UPS; i++) await this.exec('echo warm');
  }

  /** A connection for calls that go on beside others. */
  connection(): Connection {
    return new Connection(this.port);
  }

  /** Dies as by a crash, and is started again on what it left; its successor is the one to stop. */
  async crash(): Promise<BenchEngine> {
    this.http.close();
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
    return BenchEngine.#startIn(this.#folder, this.#options);
  }

  async #stop(): Promise<void> {
    this.http.close();
    this.#child.kill('SIGTERM');
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

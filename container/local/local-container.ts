// A sandbox's container without Docker: a folder that is new with each start, an engine in it that is started again
// when it died, and all that the engine started. When it is over, nothing of it runs.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EngineProcess } from './engine-process.ts';
import type { EngineProgram } from './engine-program.ts';
import { endSandbox, removeSandboxFolder, stateFolderIn } from './remove-sandbox-folder.ts';
import { Restarts } from './restarts.ts';
import { killAllOf, MARK } from './sweep.ts';

/** From SIGTERM to SIGKILL. */
const GRACE_MS = 3_000;
const SIGKILLED = 137;
const ENDED_BY_SIGTERM = 143;

export class LocalContainer {
  /** The port that every life of its engine listens on; rejects when the container is over before the first did. */
  readonly port: Promise<number>;
  /** Its exit code, once nothing of it runs any more: it was destroyed, signalled, or its engine is given up. */
  readonly ended: Promise<number>;
  readonly #folder: string;
  readonly #program: EngineProgram;
  readonly #toldToEnd = Promise.withResolvers<void>();
  #engine: EngineProcess | undefined;
  #ending = false;
  #killed = false;

  /** @param folder A real path; is emptied first. `env` is what every life of the engine gets beside its place. */
  constructor(folder: string, env: Record<string, string>, program: EngineProgram) {
    this.#folder = folder;
    this.#program = program;
    // Looking for what is left of one reads all of /proc, and a name that is used for the first time left nothing.
    if (existsSync(folder)) removeSandboxFolder(folder);
    mkdirSync(this.#workdir, { recursive: true });
    const place = {
      [MARK]: folder,
      HOLDFAST_HOST: '127.0.0.1',
      HOLDFAST_STATE_DIR: stateFolderIn(folder),
      HOLDFAST_WORKDIR: this.#workdir,
    };
    const port = Promise.withResolvers<number>();
    this.port = port.promise;
    this.port.catch(() => {}); // said to those who ask
    this.ended = this.#supervise({ ...env, ...place }, port.resolve).then((exitCode) => {
      // Without a grace: the engine, where it ended by itself, gave one to all that it knew.
      endSandbox(folder);
      port.reject(new Error(`the engine ended before it listened; see ${this.#log}`));
      return this.#killed ? SIGKILLED : exitCode;
    });
  }

  /** SIGKILL ends all of it at once; any other signal ends its engine the friendly way, and so all of it. */
  signal(signal: number): void {
    this.#ending = true;
    this.#toldToEnd.resolve();
    if (signal === 9) {
      this.#killed = true;
      killAllOf(this.#folder);
    }
    this.#engine?.signal(this.#killed ? 'SIGKILL' : 'SIGTERM');
  }

  /** Ends it and removes its folder. */
  async destroy(): Promise<void> {
    this.signal(15);
    const killer = setTimeout(() => this.signal(9), GRACE_MS);
    await this.ended;
    clearTimeout(killer);
    removeSandboxFolder(this.#folder);
  }

  /** Runs one life of the engine after the other and answers with the exit code of the last. */
  async #supervise(env: Record<string, string>, listens: (port: number) => void): Promise<number> {
    const restarts = new Restarts();
    let port = 0;
    const remember = (number: number) => {
      port = number;
      listens(number);
    };
    for (;;) {
      const startedAt = performance.now();
      const exitCode = await this.#live({ ...env, PORT: String(port) }, remember);
      if (this.#ending) return exitCode;
      const pauseMs = restarts.pauseMs(exitCode, performance.now() - startedAt);
      if (pauseMs === undefined) return exitCode;
      await Promise.race([new Promise((passed) => setTimeout(passed, pauseMs)), this.#toldToEnd.promise]);
      if (this.#ending) return ENDED_BY_SIGTERM;
    }
  }

  async #live(env: Record<string, string>, listens: (port: number) => void): Promise<number> {
    try {
      const program = this.#program;
      this.#engine = new EngineProcess({ program, env, cwd: this.#workdir, log: this.#log });
      this.#engine.port.then(listens);
      return await this.#engine.ended;
    } catch (error) {
      // For want of descriptors or of room: as good as an engine that died at its start.
      console.error('an engine could not be started:', error);
      return 1;
    } finally {
      this.#engine = undefined;
    }
  }

  get #workdir(): string {
    return join(this.#folder, 'workspace');
  }

  get #log(): string {
    return join(this.#folder, 'engine.log');
  }
}

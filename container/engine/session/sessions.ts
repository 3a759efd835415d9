// All sessions of the sandbox.
import { join } from 'node:path';
import { DEFAULT_SESSION, HoldfastError, LIMITS } from '#protocol';
import type { Command } from '../command/command.ts';
import { FifoPool } from '../fifo/pool.ts';
import { ExitFiles } from '../shell/exit-files.ts';
import { existingDirectory } from './directory.ts';
import { Session } from './session.ts';

export interface SessionsOptions {
  /** For control files; a fast place. */
  controlFolder: string;
  /** Where sessions start that ask for nothing else. */
  cwd: string;
  /** What every shell inherits. */
  env: Record<string, string>;
  /** More for the session `default`. */
  defaultEnv: Record<string, string>;
  now(): Date;
  randomKey(): string;
  onChange(command: Command): void;
}

const LOOK_EVERY_MS = 150;

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #deleting = new Map<string, Promise<void>>();
  readonly #fifos: FifoPool;
  readonly #exits: ExitFiles;
  readonly #watchdog: NodeJS.Timeout;
  #made = 0;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#fifos = new FifoPool(join(options.controlFolder, 'fifos'));
    this.#exits = new ExitFiles(join(options.controlFolder, 'exits'));
    this.#watchdog = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.create({ id: DEFAULT_SESSION, env: options.defaultEnv });
  }

  /** 409 SESSION_EXISTS, 429 TOO_MANY_SESSIONS, 400 CWD_NOT_FOUND. */
  create(request: { id: string; cwd?: string; env?: Record<string, string> }): Session {
    const { id } = request;
    if (this.#sessions.has(id)) {
      throw new HoldfastError(
        'SESSION_EXISTS',
        `there is a session ${id} already; use it or choose another id`,
      );
    }
    if (this.#sessions.size + this.#deleting.size >= LIMITS.sessions) {
      throw new HoldfastError(
        'TOO_MANY_SESSIONS',
        `a sandbox has at most ${LIMITS.sessions} sessions; delete one`,
      );
    }
    const { cwd, env, controlFolder, now, randomKey, onChange } = this.#options;
    const session = new Session({
      id,
      cwd: existingDirectory(request.cwd ?? '.', cwd),
      env: { ...env, ...request.env },
      folder: join(controlFolder, 'sessions', String(this.#made++)),
      fifos: this.#fifos,
      exits: this.#exits,
      now,
      randomKey,
      onChange,
    });
    this.#sessions.set(id, session);
    return session;
  }

  /** 404 SESSION_NOT_FOUND. */
  get(id: string): Session {
    const session = this.#sessions.get(id);
    if (!session) {
      throw new HoldfastError('SESSION_NOT_FOUND', `there is no session ${id}; make it with POST /sessions`);
    }
    return session;
  }

  list(): Session[] {
    return [...this.#sessions.values()];
  }

  /** Resolves when nothing of the session lives any more. */
  async delete(id: string): Promise<void> {
    const session = this.get(id);
    this.#sessions.delete(id);
    const gone = session.delete();
    this.#deleting.set(id, gone);
    await gone.finally(() => this.#deleting.delete(id));
  }

  /** Ends all sessions. */
  async close(): Promise<void> {
    await Promise.all(this.list().map((session) => this.delete(session.id)));
    await Promise.all(this.#deleting.values());
    clearInterval(this.#watchdog);
    this.#exits.close();
  }

  #look(): void {
    this.#exits.look();
    for (const session of this.#sessions.values()) session.look();
  }
}

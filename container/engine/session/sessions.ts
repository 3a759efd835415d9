// All sessions of the sandbox: at most so many of them with a shell, the others asleep.
import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DEFAULT_SESSION, HoldfastError, LIMITS, type SavedSession } from '#protocol';
import type { Command } from '../command/command.ts';
import type { FifoPool } from '../fifo/pool.ts';
import type { Journal } from '../journal/journal.ts';
import type { SessionState } from '../journal/state.ts';
import type { Poller } from '../linux/poller.ts';
import { endAtOnce } from '../proc/end-at-once.ts';
import { ProcessStat } from '../proc/stat.ts';
import { ExitFiles } from '../shell/exit-files.ts';
import { existingDirectory } from './directory.ts';
import { endUnnoted } from './end-unnoted.ts';
import { loadSession } from './saved-session.ts';
import { Session, type SessionOptions } from './session.ts';

export interface SessionsOptions {
  /** For control files; a fast place. */
  controlFolder: string;
  /** For the states of sessions that sleep; on a disk. */
  keptFolder: string;
  /** Where sessions start that ask for nothing else. */
  cwd: string;
  /** What every shell inherits. */
  env: Record<string, string>;
  /** More for the session `default`. */
  defaultEnv: Record<string, string>;
  /** A session idle for so long gives its shell back; 0 is never. */
  hibernateMs: number;
  journal: Journal;
  poller: Poller;
  fifos: FifoPool;
  now(): Date;
  randomKey(): string;
  onChange(command: Command): void;
}

const LOOK_EVERY_MS = 150;
/** At one look: the engine has more to do. */
const MOST_TO_SLEEP_AT_ONCE = 8;

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #deleting = new Map<Session, Promise<void>>();
  /** Sessions that could not sleep when last looked at, with the time from which they are looked at again. */
  readonly #awakeUntil = new WeakMap<Session, number>();
  readonly #exits: ExitFiles;
  readonly #watchdog: NodeJS.Timeout;
  #made = 0;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#exits = new ExitFiles(join(options.controlFolder, 'exits'));
    this.#watchdog = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  /** Takes over what an engine that died left. */
  adopt(left: ReadonlyMap<string, SessionState>): void {
    endUnnoted(left.values());
    for (const [key, state] of left) {
      const { id, cwd, env, folder, keptPath } = state;
      this.#made = Math.max(this.#made, Number(basename(folder)) + 1);
      try {
        if (state.deleting) this.#finishDeleting(key, state);
        else this.#make({ id, cwd, env, left: { key, state } }, { folder, keptPath });
      } catch (error) {
        // One that cannot be taken over must not keep all others from it.
        console.error(`session ${id} is lost:`, error);
        this.#finishDeleting(key, state);
      }
    }
  }

  #finishDeleting(key: string, { folder, keptPath }: SessionState): void {
    void endAtOnce({ sessionKey: key, shellPid: undefined, known: new Map() });
    for (const path of [folder, keptPath]) rmSync(path, { recursive: true, force: true });
    this.#options.journal.note({ is: 'no session', key });
  }

  /** Begins with what was adopted; where nothing was, with the session `default`. */
  begin(isNew: boolean): void {
    if (isNew) this.create({ id: DEFAULT_SESSION, env: this.#options.defaultEnv });
    for (const session of this.#sessions.values()) session.begin();
  }

  /** 409 SESSION_EXISTS, 429 TOO_MANY_SESSIONS, 400 CWD_NOT_FOUND. */
  create(request: { id: string; cwd?: string; env?: Record<string, string> }): Session {
    const { id, env = {} } = request;
    if (this.#sessions.has(id)) throw exists(id);
    this.#assertFew();
    const cwd = existingDirectory(request.cwd ?? '.', this.#options.cwd);
    this.#makeRoom();
    return this.#make({ id, cwd, env });
  }

  /**
   * Makes a session asleep from what an engine saved; `default` is replaced while nobody has used it.
   * 409 SESSION_EXISTS, 429 TOO_MANY_SESSIONS, 400 INVALID_REQUEST.
   */
  async load(saved: SavedSession): Promise<Session> {
    const { id } = saved;
    const there = this.#sessions.get(id);
    if (there && (id !== DEFAULT_SESSION || there.used)) throw exists(id);
    this.#assertFew();
    const loaded = loadSession(saved);
    const session = this.#make({ id, cwd: loaded.cwd, env: loaded.env, saved: loaded });
    if (there) await this.#end(there);
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

  find(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  list(): Session[] {
    return [...this.#sessions.values()];
  }

  /** Resolves when nothing of the session lives any more. */
  async delete(id: string): Promise<void> {
    const session = this.get(id);
    this.#sessions.delete(id);
    await this.#end(session);
  }

  /** Waits until the states that idle sessions just left are written. */
  async settled(): Promise<void> {
    await Promise.all(this.list().map((session) => session.settled()));
  }

  /** Ends all sessions. */
  async close(): Promise<void> {
    await Promise.all(this.list().map((session) => this.delete(session.id)));
    await Promise.all(this.#deleting.values());
    clearInterval(this.#watchdog);
    this.#exits.close();
  }

  #make(
    wanted: Pick<SessionOptions, 'id' | 'cwd' | 'env' | 'saved' | 'left'>,
    places = this.#newPlaces(),
  ): Session {
    const { env, now, randomKey, onChange, journal, poller, fifos } = this.#options;
    const session = new Session({
      ...wanted,
      ...places,
      inherited: env,
      journal,
      poller,
      fifos,
      exits: this.#exits,
      now,
      randomKey,
      onChange,
      makeRoom: () => this.#makeRoom(),
    });
    this.#sessions.set(wanted.id, session);
    return session;
  }

  #newPlaces(): Pick<SessionOptions, 'folder' | 'keptPath'> {
    const { controlFolder, keptFolder } = this.#options;
    const name = String(this.#made++);
    return { folder: join(controlFolder, 'sessions', name), keptPath: join(keptFolder, name) };
  }

  async #end(session: Session): Promise<void> {
    const gone = session.delete();
    this.#deleting.set(session, gone);
    await gone.finally(() => this.#deleting.delete(session));
  }

  #assertFew(): void {
    if (this.#sessions.size + this.#deleting.size < LIMITS.knownSessions) return;
    throw new HoldfastError(
      'TOO_MANY_SESSIONS',
      `a sandbox has at most ${LIMITS.knownSessions} sessions; delete one`,
    );
  }

  /** Sees to it that one more shell may live: where there are too many, the longest idle session sleeps. */
  #makeRoom(): void {
    const all = [...this.#sessions.values(), ...this.#deleting.keys()];
    if (all.filter((session) => session.holdsShell).length < LIMITS.sessions) return;
    const idle = this.list().filter((session) => session.holdsShell && session.idleMs > 0);
    const processes = once(() => ProcessStat.readAll());
    const canSleep = this.#options.hibernateMs > 0;
    const found = idle.sort((a, b) => b.idleMs - a.idleMs).some((one) => canSleep && one.sleep(processes));
    if (found) return;
    throw new HoldfastError(
      'TOO_MANY_SESSIONS',
      `${LIMITS.sessions} sessions have something running or open; delete one, or end what it runs`,
    );
  }

  #look(): void {
    this.#exits.look();
    for (const session of this.#sessions.values()) session.look();
    if (this.#options.hibernateMs > 0) this.#putToSleep();
  }

  /** Whoever cannot sleep is left alone for another while: most of /proc would be read for each. */
  #putToSleep(): void {
    const { hibernateMs } = this.#options;
    const processes = once(() => ProcessStat.readAll());
    let left = MOST_TO_SLEEP_AT_ONCE;
    for (const session of this.#sessions.values()) {
      if (left === 0) return;
      if (!session.holdsShell || session.idleMs < hibernateMs) continue;
      const now = performance.now();
      if (now < (this.#awakeUntil.get(session) ?? 0)) continue;
      left--;
      if (!session.sleep(processes)) this.#awakeUntil.set(session, now + hibernateMs);
    }
  }
}

function exists(id: string): HoldfastError {
  return new HoldfastError('SESSION_EXISTS', `there is a session ${id} already; use it or choose another id`);
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

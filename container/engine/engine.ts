// The engine: the sessions and commands of one sandbox, without HTTP.
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CreateSessionRequest,
  type CreateTerminalRequest,
  DEFAULT_SESSION,
  type ExecRequest,
  type GitCloneRequest,
  type GitCloneResult,
  HoldfastError,
  type SavedSession,
  type StartProcessRequest,
  type Sync,
  type SyncRequest,
} from '#protocol';
import { adopt } from './adoption.ts';
import { Clients } from './command/clients.ts';
import { Command, type CommandRequest } from './command/command.ts';
import { CommandRecorder } from './command/recorder.ts';
import { CommandTable } from './command/table.ts';
import { backgroundRequest, foregroundRequest } from './command/wire-request.ts';
import type { EngineConfig } from './config.ts';
import { openStateFolder } from './control-folder.ts';
import { FifoPool } from './fifo/pool.ts';
import { type CloneOptions, GitClones } from './git/clones.ts';
import { type Journal, journalHeader } from './journal/journal.ts';
import { fifosInUse, openJournal } from './journal/open.ts';
import { Poller } from './linux/poller.ts';
import type { Party } from './ports/ports.ts';
import { keepSpare } from './proc/spare.ts';
import type { ProcessRun } from './process/process-run.ts';
import { Processes } from './process/processes.ts';
import { Secrets } from './secrets/secrets.ts';
import type { Session } from './session/session.ts';
import { Sessions } from './session/sessions.ts';
import { asHoldfastError } from './system-error.ts';
import type { Terminal } from './terminal/terminal.ts';
import { Terminals } from './terminal/terminals.ts';

const SYNC_PAGE = 500;
const SYNC_STATES_BYTES = 4 * 1024 * 1024;
/** How long a pull waits for a state that is just being written: one shell must not hold back what others have done. */
const SETTLE_MS = 100;

export class Engine {
  readonly sessions: Sessions;
  readonly commands = new CommandTable();
  readonly clients: Clients;
  readonly processes: Processes;
  readonly terminals: Terminals;
  readonly secrets: Secrets;
  readonly generation: number;
  readonly poller: Poller;
  readonly #startedAt = performance.now();
  readonly #logs: string;
  readonly #controlFolder: string;
  readonly #clones: GitClones;
  readonly #journal: Journal;
  readonly #fifos: FifoPool;
  #draining = false;

  /** Goes on with what an engine that died in the same folder left. `env` is what every session inherits. */
  constructor(config: EngineConfig, env: Record<string, string>) {
    this.generation = config.generation;
    keepSpare();
    const stateFolder = openStateFolder(config.stateFolder);
    const opened = openJournal(stateFolder, journalHeader(config.generation));
    const { folder, journal } = opened;
    this.#controlFolder = folder;
    this.#journal = journal;
    this.secrets = new Secrets(folder);
    this.#logs = join(stateFolder, 'logs');
    mkdirSync(this.#logs, { recursive: true, mode: 0o700 });
    mkdirSync(config.workdir, { recursive: true });
    this.poller = new Poller(join(folder, 'wake'));
    this.#fifos = new FifoPool(join(folder, 'fifos'));
    const { all, held } = fifosInUse(opened.left);
    this.#fifos.sweep(all, held);
    const shared = {
      controlFolder: folder,
      journal,
      poller: this.poller,
      fifos: this.#fifos,
      now: () => new Date(),
      onChange: (command: Command) => this.commands.touch(command),
    };
    this.clients = new Clients((command) => this.sessionOf(command)?.cancel(command));
    this.processes = new Processes({
      ...shared,
      idleMs: config.idleMs,
      onForget: (command) => this.commands.expire(command),
    });
    this.#clones = new GitClones(env, folder);
    if (!opened.isNew) this.#clones.sweep();
    this.terminals = new Terminals({ ...shared, idleMs: config.idleMs });
    this.sessions = new Sessions({
      ...shared,
      keptFolder: join(stateFolder, 'asleep'),
      hibernateMs: config.hibernateMs,
      cwd: config.workdir,
      env,
      defaultEnv: config.defaultEnv,
      randomKey: () => randomUUID().replaceAll('-', ''),
    });
    adopt(opened, {
      commands: this.commands,
      sessions: this.sessions,
      processes: this.processes,
      clients: this.clients,
      makeCommand: (id, request, createdAt) => this.#newCommand(id, request, createdAt),
    });
  }

  get uptimeMs(): number {
    return Math.round(performance.now() - this.#startedAt);
  }

  createSession(request: CreateSessionRequest): Session {
    this.#assertOpen();
    const { secrets, ...wanted } = request;
    const session = this.sessions.create({ ...wanted, id: request.id ?? randomUUID() });
    this.secrets.setSession(session.id, secrets);
    return session;
  }

  /** Makes a session that an engine saved. */
  async loadSession(saved: SavedSession): Promise<Session> {
    const session = await this.sessions.load(saved);
    this.secrets.setSession(session.id, saved.secrets);
    return session;
  }

  /** What another engine makes the session of again. */
  saveSession(session: Session): SavedSession {
    const secrets = this.secrets.ofSession(session.id);
    return { ...session.save(), ...(secrets ? { secrets } : {}) };
  }

  /** Starts a command, or finds the one that the same request with the same id started before. */
  exec(sessionId: string, request: ExecRequest): Command {
    return this.start(foregroundRequest(sessionId, request), request.id);
  }

  /** As `exec`, with `id` as the idempotency key if there is one. */
  start(request: CommandRequest, key?: string): Command {
    const attached = key === undefined ? undefined : this.commands.attach(key, request);
    if (attached) return attached;
    this.#assertOpen();
    const session = this.sessions.get(request.sessionId);
    const id = key ?? randomUUID();
    const command = this.#newCommand(id, request);
    command.record();
    try {
      session.submit(command);
    } catch (error) {
      command.recorder.forget(false);
      throw error;
    }
    this.commands.add(command);
    return command;
  }

  /** Starts a process, or finds the one that the same request with the same id started before. */
  async startProcess(request: StartProcessRequest): Promise<ProcessRun> {
    const wanted = backgroundRequest(request);
    const attached = request.id === undefined ? undefined : this.commands.attach(request.id, wanted);
    if (attached) {
      await attached.started;
      if (attached.error) throw attached.error;
      return this.processes.get(attached.id);
    }
    this.#assertOpen();
    this.processes.assertRoom();
    const session = this.sessions.get(wanted.sessionId);
    const command = this.#newCommand(request.id ?? randomUUID(), wanted);
    command.record();
    this.commands.add(command);
    try {
      return await this.processes.start(command, session);
    } catch (error) {
      // It never ran: the same id may be tried again.
      command.fail(asHoldfastError(error, 'the process could not be started'), new Date());
      this.commands.withdraw(command);
      throw error;
    }
  }

  /** Starts a terminal as a copy of its session. */
  async createTerminal(request: CreateTerminalRequest): Promise<Terminal> {
    this.#assertOpen();
    const session = this.sessions.get(request.session ?? DEFAULT_SESSION);
    const env = { ...this.secrets.envOf(session.id), ...request.env };
    return await this.terminals.create({ ...request, env }, session);
  }

  /** Clones a repository, beside whatever runs. Relative paths start from the session's cwd. */
  async gitClone(request: GitCloneRequest, options: Omit<CloneOptions, 'cwd'>): Promise<GitCloneResult> {
    this.#assertOpen();
    const { session, ...wanted } = request;
    const { cwd } = this.sessions.get(session ?? DEFAULT_SESSION).info();
    return await this.#clones.clone(wanted, { ...options, cwd });
  }

  /** Resolves when nothing of the session lives any more, its processes and terminals included. */
  async deleteSession(id: string): Promise<void> {
    this.sessions.get(id);
    // First, while parentage and groups still tell what belongs to a process.
    const ended = Promise.all([this.processes.endAllOf(id), this.terminals.endAllOf(id)]);
    await this.sessions.delete(id);
    await ended;
    this.secrets.setSession(id, undefined);
  }

  #newCommand(id: string, request: CommandRequest, createdAt = new Date()): Command {
    const recorder = new CommandRecorder(this.#journal, id);
    return new Command(id, request, join(this.#logs, id), createdAt, recorder, this.secrets);
  }

  /** The session that a command runs in, if both still are. */
  sessionOf(command: Command): Session | undefined {
    if (command.ended) return undefined;
    return this.sessions.list().find((session) => session.id === command.request.sessionId);
  }

  /** Who may have processes that do not say so themselves: what runs, and the sessions that have a shell. */
  parties(): Party[] {
    const sessions = this.sessions.list().flatMap((session) => {
      const owner = session.owner();
      return owner ? [{ owner, sessionId: session.id }] : [];
    });
    const processes = this.processes.list().flatMap(({ owner, command }) => {
      const { id, request } = command;
      return command.ended ? [] : [{ owner, sessionId: request.sessionId, commandId: id }];
    });
    return [...sessions, ...processes];
  }

  /** Ids of the sessions by their keys, which their processes carry. */
  sessionIds(): Map<string, string> {
    return new Map(this.sessions.list().map(({ key, id }) => [key, id]));
  }

  /** An idle session's state is told once it is written: whoever asks after its last command does not ask in vain. */
  async sync({ after, checkpoints }: SyncRequest): Promise<Omit<Sync, 'openSockets'>> {
    const late = sleep(SETTLE_MS, undefined, { ref: false });
    await Promise.race([this.sessions.settled(), late]);
    const commands = this.commands.changedSince(after, SYNC_PAGE);
    const had = new Map(checkpoints);
    const newer = this.sessions.list().filter(({ id, checkpoint }) => checkpoint > (had.get(id) ?? 0));
    const saved: SavedSession[] = [];
    let room = SYNC_STATES_BYTES;
    for (const session of newer) {
      if (room <= 0) break;
      const one = this.saveSession(session);
      room -= one.state?.length ?? 0;
      saved.push(one);
    }
    const terminals = this.terminals.activity();
    return {
      cursor: commands.at(-1)?.change ?? after,
      generation: this.generation,
      commands: commands.map((command) => command.info()),
      more: commands.length === SYNC_PAGE || saved.length < newer.length,
      liveProcesses: this.processes.list().filter((run) => !run.command.ended).length + terminals.busy,
      watchedTerminals: terminals.watched,
      sessions: this.sessions
        .list()
        .map((session) => ({ ...session.info(), checkpoint: session.checkpoint })),
      saved,
      pending: this.sessions.list().some((session) => session.isPending),
    };
  }

  /**
   * Takes no new work from now on. Resolves when the commands that run have ended, or `patienceMs` later, and the
   * states that idle sessions just left are written.
   */
  async drain(patienceMs: number): Promise<void> {
    this.#draining = true;
    const running = this.commands
      .list()
      .filter(({ ended, request }) => !ended && request.mode === 'foreground');
    const late = sleep(patienceMs, undefined, { ref: false });
    await Promise.race([Promise.all(running.map(({ done }) => done)), late]);
    await this.sessions.settled();
  }

  #assertOpen(): void {
    if (!this.#draining) return;
    throw new HoldfastError('CONTAINER_UNAVAILABLE', 'the container of this sandbox is stopping; try again');
  }

  /** Ends all that was started. */
  async close(): Promise<void> {
    const ended = this.sessions.list().map((session) => this.processes.endAllOf(session.id));
    ended.push(this.terminals.endAll(), this.#clones.close());
    await this.sessions.close();
    await Promise.all(ended);
    this.processes.close();
    this.terminals.close();
    this.#fifos.close();
    this.poller.close();
    this.#journal.close();
    rmSync(this.#controlFolder, { recursive: true, force: true });
  }
}

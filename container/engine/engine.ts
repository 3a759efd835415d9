// The engine: the sessions and commands of one sandbox, without HTTP.
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CreateSessionRequest,
  DEFAULT_SESSION,
  type ExecRequest,
  HoldfastError,
  LIMITS,
  type StartProcessRequest,
  type Sync,
} from '#protocol';
import { Clients } from './command/clients.ts';
import { Command, type CommandRequest } from './command/command.ts';
import { CommandRecorder } from './command/recorder.ts';
import { requestOf } from './command/request-state.ts';
import { CommandTable } from './command/table.ts';
import type { EngineConfig } from './config.ts';
import { openStateFolder } from './control-folder.ts';
import { FifoPool } from './fifo/pool.ts';
import { type Journal, journalHeader } from './journal/journal.ts';
import { fifosInUse, type OpenedJournal, openJournal } from './journal/open.ts';
import type { CommandRecord } from './journal/state.ts';
import { Poller } from './linux/poller.ts';
import { Look } from './proc/look.ts';
import type { ProcessRun } from './process/process-run.ts';
import { Processes } from './process/processes.ts';
import type { Session } from './session/session.ts';
import { Sessions } from './session/sessions.ts';
import { asHoldfastError } from './system-error.ts';

const SYNC_PAGE = 500;
const NOT_STARTED = 'the process could not be started';

export class Engine {
  readonly sessions: Sessions;
  readonly commands = new CommandTable();
  readonly clients: Clients;
  readonly processes: Processes;
  readonly generation: number;
  readonly poller: Poller;
  readonly #startedAt = performance.now();
  readonly #logs: string;
  readonly #controlFolder: string;
  readonly #journal: Journal;
  readonly #fifos: FifoPool;
  #draining = false;

  /** Goes on with what an engine that died in the same folder left. `env` is what every session inherits. */
  constructor(config: EngineConfig, env: Record<string, string>) {
    this.generation = config.generation;
    const stateFolder = openStateFolder(config.stateFolder);
    const opened = openJournal(stateFolder, journalHeader(config.generation));
    const { folder, journal } = opened;
    this.#controlFolder = folder;
    this.#journal = journal;
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
    this.sessions = new Sessions({
      ...shared,
      keptFolder: join(stateFolder, 'asleep'),
      hibernateMs: config.hibernateMs,
      cwd: config.workdir,
      env,
      defaultEnv: config.defaultEnv,
      randomKey: () => randomUUID().replaceAll('-', ''),
    });
    this.#adopt(opened);
  }

  get uptimeMs(): number {
    return Math.round(performance.now() - this.#startedAt);
  }

  createSession(request: CreateSessionRequest): Session {
    this.#assertOpen();
    return this.sessions.create({ ...request, id: request.id ?? randomUUID() });
  }

  /** Starts a command, or finds the one that the same request with the same id started before. */
  exec(sessionId: string, request: ExecRequest): Command {
    return this.start(foreground(sessionId, request), request.id);
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
    const wanted = background(request);
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
      command.fail(asHoldfastError(error, NOT_STARTED), new Date());
      this.commands.withdraw(command);
      throw error;
    }
  }

  /** Resolves when nothing of the session lives any more, its processes included. */
  async deleteSession(id: string): Promise<void> {
    this.sessions.get(id);
    // First, while parentage and groups still tell what belongs to a process.
    const ended = this.processes.endAllOf(id);
    await this.sessions.delete(id);
    await ended;
  }

  /** Takes over sessions and commands; what had not begun begins now. */
  #adopt({ left, isNew }: OpenedJournal): void {
    this.commands.rememberExpired(left.expired);
    const commands = [...left.commands].map(([id, record]) => {
      const command = this.#newCommand(id, requestOf(record.request), new Date(record.createdAt));
      const lines = left.output.get(id);
      command.restore(record, lines === undefined ? undefined : Buffer.from(lines, 'latin1'));
      this.commands.add(command);
      return { command, record };
    });
    this.sessions.adopt(left.sessions);
    for (const { command, record } of commands) {
      try {
        if (record.request.mode === 'background') this.#adoptProcess(command, record);
        else if (!command.ended || (record.streams && !record.atRest)) this.#adoptForeground(command, record);
      } catch (error) {
        // One that cannot be taken over must not keep all others from it.
        const told = asHoldfastError(error, 'the command could not be taken over from an engine that died');
        if (!command.ended) command.fail(told, new Date());
      }
      this.clients.awaitReturn(command);
    }
    this.sessions.begin(isNew);
  }

  #adoptForeground(command: Command, record: CommandRecord): void {
    const session = this.sessions.find(record.request.sessionId);
    // Another may have its id by now.
    if (session && (record.sessionKey ?? session.key) === session.key) session.adopt(command, record);
    else if (!command.ended) command.fail(sessionGone(record.request.sessionId), new Date());
  }

  #adoptProcess(command: Command, record: CommandRecord): void {
    const { process, request } = record;
    if (process && this.processes.adopt(command, record)) {
      if (!command.ended && this.sessions.find(request.sessionId)?.key !== process.sessionKey) {
        void this.processes.of(command)!.kill(new Look()); // its session was being deleted
      }
      return;
    }
    if (command.ended) return;
    const start = async () => this.processes.start(command, this.sessions.get(request.sessionId));
    start().catch((error) => {
      command.fail(asHoldfastError(error, NOT_STARTED), new Date());
      this.commands.touch(command);
    });
  }

  #newCommand(id: string, request: CommandRequest, createdAt = new Date()): Command {
    const recorder = new CommandRecorder(this.#journal, id);
    return new Command(id, request, join(this.#logs, id), createdAt, recorder);
  }

  /** The session that a command runs in, if both still are. */
  sessionOf(command: Command): Session | undefined {
    if (command.ended) return undefined;
    return this.sessions.list().find((session) => session.id === command.request.sessionId);
  }

  /** An idle session's state is told once it is written: whoever asks after its last command does not ask in vain. */
  async sync(after: number): Promise<Sync> {
    await this.sessions.settled();
    const commands = this.commands.changedSince(after, SYNC_PAGE);
    return {
      cursor: commands.at(-1)?.change ?? after,
      generation: this.generation,
      commands: commands.map((command) => command.info()),
      more: commands.length === SYNC_PAGE,
      liveProcesses: this.processes.list().filter((run) => !run.command.ended).length,
      sessions: this.sessions
        .list()
        .map((session) => ({ ...session.info(), checkpoint: session.checkpoint })),
    };
  }

  /** Takes no new work from now on; resolves when the states that idle sessions just left are written. */
  async drain(): Promise<void> {
    this.#draining = true;
    await this.sessions.settled();
  }

  #assertOpen(): void {
    if (!this.#draining) return;
    throw new HoldfastError('CONTAINER_UNAVAILABLE', 'the container of this sandbox is stopping; try again');
  }

  /** Ends all that was started. */
  async close(): Promise<void> {
    const ended = this.sessions.list().map((session) => this.processes.endAllOf(session.id));
    await this.sessions.close();
    await Promise.all(ended);
    this.processes.close();
    this.#fifos.close();
    this.poller.close();
    this.#journal.close();
    rmSync(this.#controlFolder, { recursive: true, force: true });
  }
}

function foreground(sessionId: string, request: ExecRequest): CommandRequest {
  const { stdin, stdinBase64, disconnectGraceMs } = request;
  return {
    sessionId,
    mode: 'foreground',
    text: request.command,
    cwd: request.cwd,
    cwdStays: false,
    env: request.env,
    stdin:
      stdin !== undefined
        ? Buffer.from(stdin)
        : stdinBase64 !== undefined
          ? Buffer.from(stdinBase64, 'base64')
          : undefined,
    stdinOpen: request.stdinOpen ?? false,
    timeoutMs: request.timeoutMs,
    disconnectGraceMs: disconnectGraceMs === undefined ? LIMITS.defaultDisconnectGraceMs : disconnectGraceMs,
  };
}

function background(request: StartProcessRequest): CommandRequest {
  return {
    sessionId: request.session ?? DEFAULT_SESSION,
    mode: 'background',
    text: request.command,
    cwd: request.cwd,
    cwdStays: false,
    env: request.env,
    stdin: undefined,
    stdinOpen: request.stdinOpen ?? false,
    timeoutMs: request.timeoutMs,
    disconnectGraceMs: null,
  };
}

function sessionGone(id: string): HoldfastError {
  return new HoldfastError('SESSION_NOT_FOUND', `the session ${id} was deleted`);
}

// The engine: the sessions and commands of one sandbox, without HTTP.
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CreateSessionRequest,
  DEFAULT_SESSION,
  type ExecRequest,
  errorCode,
  HoldfastError,
  LIMITS,
  type StartProcessRequest,
  type Sync,
} from '#protocol';
import { Clients } from './command/clients.ts';
import { Command, type CommandRequest } from './command/command.ts';
import { CommandTable } from './command/table.ts';
import type { EngineConfig } from './config.ts';
import { freshStateFolder, makeControlFolder } from './control-folder.ts';
import type { ProcessRun } from './process/process-run.ts';
import { Processes } from './process/processes.ts';
import type { Session } from './session/session.ts';
import { Sessions } from './session/sessions.ts';

const SYNC_PAGE = 500;

export class Engine {
  readonly sessions: Sessions;
  readonly commands = new CommandTable();
  readonly clients: Clients;
  readonly processes: Processes;
  readonly generation: number;
  readonly #startedAt = performance.now();
  readonly #logs: string;
  readonly #controlFolder: string;

  /** `env` is what every session inherits. */
  constructor(config: EngineConfig, env: Record<string, string>) {
    this.generation = config.generation;
    const stateFolder = freshStateFolder(config.stateFolder);
    this.#logs = join(stateFolder, 'logs');
    mkdirSync(this.#logs, { mode: 0o700 });
    this.#controlFolder = makeControlFolder(stateFolder);
    mkdirSync(config.workdir, { recursive: true });
    this.clients = new Clients((command) => this.sessionOf(command)?.cancel(command));
    this.processes = new Processes({
      controlFolder: this.#controlFolder,
      idleMs: config.idleMs,
      now: () => new Date(),
      onChange: (command) => this.commands.touch(command),
      onForget: (command) => this.commands.expire(command),
    });
    this.sessions = new Sessions({
      controlFolder: this.#controlFolder,
      keptFolder: join(stateFolder, 'asleep'),
      hibernateMs: config.hibernateMs,
      cwd: config.workdir,
      env,
      defaultEnv: config.defaultEnv,
      now: () => new Date(),
      randomKey: () => randomUUID().replaceAll('-', ''),
      onChange: (command) => this.commands.touch(command),
    });
  }

  get uptimeMs(): number {
    return Math.round(performance.now() - this.#startedAt);
  }

  createSession(request: CreateSessionRequest): Session {
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
    const session = this.sessions.get(request.sessionId);
    const id = key ?? randomUUID();
    const command = this.#newCommand(id, request);
    session.submit(command);
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
    this.processes.assertRoom();
    const session = this.sessions.get(wanted.sessionId);
    const command = this.#newCommand(request.id ?? randomUUID(), wanted);
    this.commands.add(command);
    try {
      return await this.processes.start(command, session);
    } catch (error) {
      // It never ran: the same id may be tried again.
      command.fail(asHoldfastError(error), new Date());
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

  #newCommand(id: string, request: CommandRequest): Command {
    return new Command(id, request, join(this.#logs, id), new Date());
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

  /** Ends all that was started. */
  async close(): Promise<void> {
    const ended = this.sessions.list().map((session) => this.processes.endAllOf(session.id));
    await this.sessions.close();
    await Promise.all(ended);
    this.processes.close();
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

function asHoldfastError(error: unknown): HoldfastError {
  if (errorCode(error)) return error as HoldfastError;
  return new HoldfastError('INTERNAL', 'the process could not be started');
}

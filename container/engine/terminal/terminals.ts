// All terminals of the sandbox: those that run, and those that ended and are still readable.
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type CreateTerminalRequest, HoldfastError, LIMITS } from '#protocol';
import type { Poller } from '../linux/poller.ts';
import { Look } from '../proc/look.ts';
import { bootTicks } from '../proc/stat.ts';
import { existingDirectory } from '../session/directory.ts';
import type { Session } from '../session/session.ts';
import { asHoldfastError } from '../system-error.ts';
import { terminalProgram } from './launch.ts';
import { endLeftTerminals, noteTerminal, terminalOwner } from './notes.ts';
import { Terminal } from './terminal.ts';

export interface TerminalsOptions {
  controlFolder: string;
  poller: Poller;
  /** How long one that ended stays readable after its end or its last viewer. */
  idleMs: number;
  now(): Date;
}

/** Less than a terminal counts as watched after its last viewer: what was begun by then is seen. */
const LOOK_EVERY_MS = 5_000;
const SIZE = { cols: 80, rows: 24 };

export class Terminals {
  readonly #options: TerminalsOptions;
  readonly #root: string;
  readonly #terminals = new Map<string, Terminal>();
  readonly #starting = new Set<string>();
  readonly #watchdog: NodeJS.Timeout;

  constructor(options: TerminalsOptions) {
    this.#options = options;
    this.#root = join(options.controlFolder, 'terminals');
    endLeftTerminals(this.#root);
    this.#watchdog = setInterval(() => this.#look(), Math.min(LOOK_EVERY_MS, options.idleMs / 4));
    this.#watchdog.unref();
  }

  /** 409 TERMINAL_EXISTS, 429 TOO_MANY_TERMINALS, 400 CWD_NOT_FOUND, 404 SESSION_NOT_FOUND. */
  async create(request: CreateTerminalRequest, session: Session): Promise<Terminal> {
    const id = request.id ?? randomUUID();
    if (this.#terminals.has(id) || this.#starting.has(id)) {
      throw new HoldfastError(
        'TERMINAL_EXISTS',
        `there is a terminal ${id} already; connect to it or choose another id`,
      );
    }
    const running = this.list().filter((terminal) => terminal.running).length + this.#starting.size;
    if (running >= LIMITS.terminals) {
      throw new HoldfastError(
        'TOO_MANY_TERMINALS',
        `a sandbox runs at most ${LIMITS.terminals} terminals; delete one first`,
      );
    }
    this.#starting.add(id);
    try {
      const terminal = await this.#start({ ...request, id }, session);
      this.#terminals.set(id, terminal);
      return terminal;
    } finally {
      this.#starting.delete(id);
    }
  }

  async #start(request: CreateTerminalRequest & { id: string }, session: Session): Promise<Terminal> {
    const { id, env = {}, command, cols = SIZE.cols, rows = SIZE.rows } = request;
    const { poller, now } = this.#options;
    const copy = await session.copy();
    const cwd = existingDirectory(request.cwd ?? copy.cwd, copy.cwd);
    // No command's id holds a colon.
    const key = randomUUID();
    const note = { sessionKey: copy.key, id: `terminal:${key}`, startTicks: bootTicks() };
    const folder = join(this.#root, key);
    try {
      noteTerminal(folder, note);
      const program = terminalProgram({ copy, mark: note.id, env, command, folder });
      program.env.PWD = cwd;
      return new Terminal({
        id,
        sessionId: session.id,
        request,
        program: { ...program, cwd, cols, rows },
        owner: terminalOwner(note),
        poller,
        now,
        onExit: () => {
          // What it left behind on purpose is no business of the next engine's.
          rmSync(folder, { recursive: true, force: true });
          this.#forgetOldest();
        },
      });
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw asHoldfastError(error, 'the terminal could not be started');
    }
  }

  /** 404 TERMINAL_NOT_FOUND. Asking keeps one that ended readable. */
  get(id: string): Terminal {
    const terminal = this.#terminals.get(id);
    if (!terminal) {
      throw new HoldfastError('TERMINAL_NOT_FOUND', `there is no terminal ${id}; GET /terminals lists them`);
    }
    terminal.touchedAt = performance.now();
    return terminal;
  }

  has(id: string): boolean {
    return this.#terminals.has(id);
  }

  /** Newest first. */
  list(): Terminal[] {
    return [...this.#terminals.values()].reverse();
  }

  /** Kills all that it runs and forgets it. */
  async delete(id: string): Promise<void> {
    const terminal = this.get(id);
    this.#terminals.delete(id);
    await terminal.kill(new Look());
  }

  /** Kills all terminals of a session; the signals are sent before this returns. */
  async endAllOf(sessionId: string): Promise<void> {
    const all = this.list().filter((terminal) => terminal.sessionId === sessionId);
    if (all.length === 0) return;
    for (const { id } of all) this.#terminals.delete(id);
    const look = new Look();
    await Promise.all(all.map((terminal) => terminal.kill(look)));
  }

  /** Kills all, as when their sessions end. */
  async endAll(): Promise<void> {
    const look = new Look();
    await Promise.all(this.list().map((terminal) => terminal.kill(look)));
  }

  /** How many somebody watches, and how many run something without. */
  activity(): { watched: number; busy: number } {
    const all = this.list();
    const watched = all.filter((terminal) => terminal.watched).length;
    return { watched, busy: all.filter((terminal) => terminal.runsSomething).length };
  }

  close(): void {
    clearInterval(this.#watchdog);
  }

  #look(): void {
    const oldest = performance.now() - this.#options.idleMs;
    let taken: Look | undefined;
    const processes = () => {
      taken ??= new Look();
      return taken;
    };
    for (const terminal of this.list()) {
      terminal.look(processes);
      if (!terminal.running && !terminal.watched && terminal.touchedAt < oldest)
        this.#terminals.delete(terminal.id);
    }
  }

  /** As many that ended as may run: each holds its output in memory. */
  #forgetOldest(): void {
    const ended = [...this.#terminals.values()].filter((terminal) => !terminal.running);
    for (const { id } of ended.slice(0, Math.max(0, ended.length - LIMITS.terminals)))
      this.#terminals.delete(id);
  }
}

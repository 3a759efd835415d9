// One terminal: a pseudoterminal, the newest of its output, and those who watch it.
// Invariant: while somebody takes what it writes nothing is lost, also over a cut; whoever is slower than the fastest
// may lose what leaves the ring, and hears so. Without a viewer it runs on as if nobody had to read.
import { constants } from 'node:os';
import { type CreateTerminalRequest, LIMITS, type TerminalInfo, type TerminalMessage } from '#protocol';
import type { Poller } from '../linux/poller.ts';
import { Ring } from '../log/ring.ts';
import type { Owner } from '../proc/belonging.ts';
import { endAtOnce, GIVE_UP_AFTER_MS } from '../proc/end-at-once.ts';
import type { Look } from '../proc/look.ts';
import { ProcessStat } from '../proc/stat.ts';
import { exitCodeOf } from '../process/exit-code.ts';
import type { ShellEnd } from '../shell/shell.ts';
import { Pty, type PtyProgram } from './pty.ts';
import { type Outlet, Viewer } from './viewer.ts';

export interface TerminalOptions {
  id: string;
  sessionId: string;
  request: CreateTerminalRequest;
  program: PtyProgram;
  /** By which its processes are found. */
  owner: Owner;
  poller: Poller;
  now(): Date;
  onExit(): void;
}

/** The program is held when the fastest viewer has taken all but so much, half of what is kept, and goes on at half of that. */
const HOLD_BYTES = LIMITS.terminalRingBytes / 2;
const GO_ON_BYTES = HOLD_BYTES / 2;
/** Input that waits for the program; past it viewers are not read from. */
const INPUT_BYTES = 64 * 1024;
/** A viewer that takes nothing for so long is gone, or as good as: it must not hold the program for ever. */
const STUCK_MS = 60_000;
/** So long a viewer that was cut off is waited for: the client's tries take less. */
const RETURN_MS = 30_000;
/** A page that is loaded anew is watching all the time. */
const WATCHED_MS = 10_000;

/** Somebody who watches, and types. */
export interface Watcher {
  viewer: Viewer;
  /** The input is full, or has room again. */
  holdInput(hold: boolean): void;
  /** It takes nothing any more. */
  cutOff(): void;
}

export class Terminal {
  readonly id: string;
  readonly sessionId: string;
  /** Resolves when its program has ended and its output is complete. */
  readonly exited: Promise<void>;
  readonly #options: TerminalOptions;
  readonly #pty: Pty;
  readonly #ring = new Ring(LIMITS.terminalRingBytes);
  readonly #watchers = new Set<Watcher>();
  readonly #startedAt: Date;
  #cols: number;
  #rows: number;
  #held = false;
  #inputHeld = false;
  #shellIsBusy = false;
  #end: { exitCode: number; signal: string | null; at: Date } | undefined;
  /** When it last ended or was asked about, on the clock of performance.now(). */
  touchedAt = performance.now();
  #watchedUntil = 0;
  /** Where the last viewer was when it was cut off. */
  #awaited: { taken: number; timer: NodeJS.Timeout } | undefined;

  constructor(options: TerminalOptions) {
    const { id, sessionId, program, poller, owner } = options;
    this.#options = options;
    this.id = id;
    this.sessionId = sessionId;
    this.#startedAt = options.now();
    this.#cols = program.cols;
    this.#rows = program.rows;
    this.#pty = new Pty(program, poller);
    const root = ProcessStat.read(this.#pty.pid);
    if (root) owner.known.set(`${root.pid}:${root.startTicks}`, root);
    this.#pty.onData = (bytes) => this.#output(bytes);
    this.#pty.onDrain = () => this.#holdInput(false);
    this.exited = new Promise((resolve) => {
      this.#pty.onEnd = (how) => {
        this.#ended(how);
        resolve();
      };
    });
  }

  get running(): boolean {
    return this.#end === undefined;
  }

  /** Somebody watches it, or did a moment ago. */
  get watched(): boolean {
    return this.#watchers.size > 0 || performance.now() < this.#watchedUntil;
  }

  /** It runs a command, or its shell does; the latter as of the last look. */
  get runsSomething(): boolean {
    return this.running && (this.#options.request.command !== undefined || this.#shellIsBusy);
  }

  info(): TerminalInfo {
    const { request } = this.#options;
    return {
      id: this.id,
      sessionId: this.sessionId,
      pid: this.#pty.pid,
      command: request.command ?? null,
      cols: this.#cols,
      rows: this.#rows,
      state: this.running ? 'running' : 'exited',
      exitCode: this.#end?.exitCode ?? null,
      signal: this.#end?.signal ?? null,
      startedAt: this.#startedAt.toISOString(),
      endedAt: this.#end?.at.toISOString() ?? null,
      bytes: this.#ring.end,
      viewers: this.#watchers.size,
    };
  }

  /**
   * Begins to show it, until `leave` is called. `cut`: the viewer did not mean to leave, so the program is held for it
   * a while as if it were there.
   */
  watch(
    outlet: Outlet,
    { after = 0, window }: { after?: number | undefined; window?: number | undefined },
    hooks: Omit<Watcher, 'viewer'>,
  ): { viewer: Viewer; leave: (cut: boolean) => void } {
    const viewer = new Viewer(this.#ring, this.#pacing(outlet), {
      after,
      window,
      now: () => performance.now(),
    });
    const watcher: Watcher = { viewer, ...hooks };
    this.#watchers.add(watcher);
    this.#awaitNobody();
    viewer.tell(this.#ready(viewer));
    if (this.#inputHeld) {
      viewer.deaf = true;
      hooks.holdInput(true);
    }
    if (this.#end) viewer.end(exitMessage(this.#end));
    this.feed(viewer);
    return { viewer, leave: (cut) => this.#leave(watcher, cut) };
  }

  #leave(watcher: Watcher, cut: boolean): void {
    if (!this.#watchers.delete(watcher)) return;
    if (cut && this.#watchers.size === 0 && this.running) this.#awaitReturn(watcher.viewer.taken);
    this.#watchedUntil = performance.now() + WATCHED_MS;
    this.touchedAt = performance.now();
    this.#pace();
  }

  /** What has left a viewer's socket may be what the program was held for. */
  #pacing(outlet: Outlet): Outlet {
    return {
      get waitingBytes() {
        return outlet.waitingBytes;
      },
      tell: (message) => outlet.tell(message),
      close: () => outlet.close(),
      send: (bytes, left) =>
        outlet.send(bytes, () => {
          left();
          this.#pace();
        }),
    };
  }

  #ready({ offset, lostBytes }: Viewer): TerminalMessage {
    const { id, pid, startedAt, cols, rows } = this.info();
    return { type: 'ready', id, pid, startedAt, offset, lostBytes, cols, rows };
  }

  /** Sends a viewer what it can take, and lets the program go on where that was waited for. */
  feed(viewer: Viewer): void {
    viewer.feed();
    this.#pace();
  }

  write(bytes: Uint8Array): void {
    if (!this.running) return;
    this.#pty.write(bytes);
    if (this.#pty.inputBytes > INPUT_BYTES) this.#holdInput(true);
  }

  /** `by`: the viewer that did it, which knows. */
  resize(cols: number, rows: number, by?: Viewer): void {
    if (!this.running || (cols === this.#cols && rows === this.#rows)) return;
    this.#cols = cols;
    this.#rows = rows;
    this.#pty.resize(cols, rows);
    for (const { viewer } of this.#watchers) if (viewer !== by) viewer.tell({ type: 'resize', cols, rows });
  }

  /** To what runs in its foreground. */
  signal(signal: number): void {
    this.#pty.signal(signal);
  }

  /** Called now and then. `processes` is asked for only where it matters. */
  look(processes: () => Look): void {
    if (this.running && this.#options.request.command === undefined) {
      const members = processes().members(this.#options.owner);
      this.#shellIsBusy = members.some(({ pid }) => pid !== this.#pty.pid);
    }
    for (const watcher of this.#watchers) {
      if (watcher.viewer.stuckMs(this.#held) <= STUCK_MS) continue;
      this.#leave(watcher, false);
      watcher.cutOff();
    }
  }

  /** SIGKILL to all that it runs; the first are sent before this returns. Resolves when nothing of it lives. */
  async kill(look: Look): Promise<void> {
    await endAtOnce(this.#options.owner, look);
    const patience = new Promise<void>((resolve) => setTimeout(resolve, GIVE_UP_AFTER_MS).unref());
    await Promise.race([this.exited, patience]);
    this.#pty.hangUp();
  }

  #output(bytes: Buffer): void {
    this.#ring.append(bytes);
    for (const { viewer } of this.#watchers) viewer.feed();
    this.#pace();
  }

  /** The fastest viewer sets the pace; without one there is none. */
  #pace(): void {
    const taken = [...this.#watchers].map(({ viewer }) => viewer.taken);
    const furthest = taken.length > 0 ? Math.max(...taken) : (this.#awaited?.taken ?? this.#ring.end);
    const least = this.#ring.end - furthest;
    if (!this.#held && least >= HOLD_BYTES) {
      this.#held = true;
      this.#pty.pause();
    } else if (this.#held && least < GO_ON_BYTES) {
      this.#held = false;
      this.#pty.resume();
    }
  }

  #awaitReturn(taken: number): void {
    const timer = setTimeout(() => {
      this.#awaited = undefined;
      this.#pace();
    }, RETURN_MS);
    timer.unref();
    this.#awaited = { taken, timer };
  }

  #awaitNobody(): void {
    clearTimeout(this.#awaited?.timer);
    this.#awaited = undefined;
  }

  #holdInput(hold: boolean): void {
    if (hold === this.#inputHeld) return;
    this.#inputHeld = hold;
    for (const watcher of this.#watchers) {
      watcher.holdInput(hold);
      watcher.viewer.deaf = hold;
      watcher.viewer.feed();
    }
    this.#pace();
  }

  #ended(how: ShellEnd): void {
    const exitCode =
      exitCodeOf(how, { deadly: undefined, realTime: undefined }, () => undefined) ??
      128 + constants.signals.SIGHUP;
    this.#end = { exitCode, signal: how.signal, at: this.#options.now() };
    this.touchedAt = performance.now();
    this.#awaitNobody();
    this.#holdInput(false);
    for (const { viewer } of this.#watchers) viewer.end(exitMessage(this.#end));
    this.#options.onExit();
  }
}

function exitMessage({ exitCode, signal }: { exitCode: number; signal: string | null }) {
  return { type: 'exit' as const, exitCode, signal };
}

// Leaks: once all has ended, the sandbox is its engine and one shell a session; descriptors and files do not grow.
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Driver, SESSION_MARK } from '../driver.ts';
import { engineOf, isEngine, isShell, openDescriptors, type SeenProcess } from '../target/processes.ts';
import type { World } from '../world.ts';

/** What a short child, a sweep or a garbage collection may take. */
const PATIENCE_MS = 8_000;
/**
 * Of descriptors, beyond what there were after the first round. A session keeps two pairs of FIFOs for its next
 * commands, three descriptors for each, and not every one had needed them by then.
 */
const SLACK_OF_A_SESSION = 12;
/** The engine keeps the last 1,000 ended commands; what each has on disk. */
const KEPT_COMMANDS = 1_000;
const FILES_OF_A_COMMAND = 8;
const FILES_OF_A_SESSION = 60;

export class Leaks {
  readonly #world: World;
  #descriptors: number | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  async check(drivers: readonly Driver[]): Promise<void> {
    const { report } = this.#world;
    const sessions = new Set(drivers.map(({ id }) => id));
    report.count('checks', 'leaks');
    const strangers = await settled(() => this.#strangers(sessions));
    if (strangers.length > 0) {
      const got = strangers.map(({ pid, parent, argv, env }) => ({
        pid,
        parent,
        argv: argv.join(' ').slice(0, 200),
        command: env.get('__hf_id'),
        history: this.#world.history(env.get('__hf_id')),
        session: env.get(SESSION_MARK),
      }));
      report.violation({ rule: 'no process is left of what ended', got });
    }
    await this.#checkDescriptors(drivers.length);
    this.#checkFiles(drivers.length + 1);
  }

  /** Neither the engine, nor who watches over it, nor the one shell of a session that is there. */
  #strangers(sessions: Set<string>): SeenProcess[] {
    const processes = this.#world.target.processes();
    const seen = new Set<string>();
    return processes.filter((one) => {
      if (isEngine(one) || isWatcher(one)) return false;
      if (!isShell(one)) return !this.#isOrphan(one, sessions);
      const session = one.env.get(SESSION_MARK) ?? 'default';
      if (seen.has(session) || !(session === 'default' || sessions.has(session))) return true;
      seen.add(session);
      return false;
    });
  }

  /** What a killed shell had started lives on, as bash has it, but not longer than its session. */
  #isOrphan({ env }: SeenProcess, sessions: Set<string>): boolean {
    const { excuses = [] } = this.#world.history(env.get('__hf_id')) ?? {};
    return excuses.includes('shell') && sessions.has(env.get(SESSION_MARK) ?? '');
  }

  async #checkDescriptors(sessions: number): Promise<void> {
    const engine = engineOf(this.#world.target.processes());
    if (!engine) return;
    if (this.#descriptors === undefined) {
      this.#descriptors = openDescriptors(engine.pid).length;
      return;
    }
    const most = this.#descriptors + SLACK_OF_A_SESSION * sessions;
    const open = await settled(() => {
      const paths = openDescriptors(engine.pid);
      return paths.length > most ? paths : [];
    });
    if (open.length > 0) {
      this.#world.report.violation({
        rule: 'descriptors do not grow',
        expected: most,
        got: open.length,
        context: open,
      });
    }
  }

  #checkFiles(sessions: number): void {
    const { target, report } = this.#world;
    for (const folder of target.folders()) {
      const count = countFiles(folder);
      const most = FILES_OF_A_COMMAND * KEPT_COMMANDS + FILES_OF_A_SESSION * sessions;
      if (count > most)
        report.violation({ rule: 'files do not grow', expected: most, got: count, context: folder });
    }
  }
}

/** The container's init, the engine's supervisor, and what holds FIFOs open so that they outlive an engine. */
function isWatcher({ argv, env }: SeenProcess): boolean {
  if (env.has('__hf_holds')) return true;
  return /tini$/.test(argv[0] ?? '') || argv.some((word) => /supervis/.test(word));
}

/** Asks until nothing is left, or for as long as anything may take. */
async function settled<T>(look: () => T[]): Promise<T[]> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const left = look();
    if (left.length === 0 || Date.now() > deadline) return left;
    await sleep(50);
  }
}

function countFiles(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true }).length;
  } catch (error) {
    // Removed while it was listed, or not there at all.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

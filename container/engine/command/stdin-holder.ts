// Keeps the FIFOs of open stdins from ending when the engine dies: a bash of its own that has each of them open
// too, told by lines of builtins in its own input FIFO. Started when the first one is needed.
import { spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { constants as osConstants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessName } from '../journal/state.ts';
import { mkfifo } from '../linux/libc.ts';
import { onceGone } from '../linux/once-gone.ts';
import type { Poller } from '../linux/poller.ts';
import { send } from '../proc/signal.ts';
import { ProcessStat } from '../proc/stat.ts';
import { BASH } from '../shell/bash.ts';
import { quote } from '../shell/quote.ts';

const { O_RDWR, O_NONBLOCK } = constants;
const { SIGKILL } = osConstants.signals;
/** Without it the engine's death ends an input early, and nothing else. */
const PATIENCE_MS = 2000;

export class StdinHolder {
  readonly #folder: string;
  readonly #poller: Poller;
  readonly #held = new Set<string>();
  #input: number | undefined;
  #name: ProcessName | undefined;
  #closed = false;

  /** `folder` is its own; the holder of an engine that died there is taken over. */
  constructor(folder: string, poller: Poller) {
    this.#folder = folder;
    this.#poller = poller;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const name = readName(join(folder, 'name'));
    if (name) this.#watch(name);
  }

  /** Resolves when it has the FIFO open. */
  async hold(path: string): Promise<void> {
    this.#held.add(path);
    if (!this.#name) this.#start();
    const opened = join(this.#folder, `opened.${variableOf(path)}`);
    this.#tell(`exec {${variableOf(path)}}<>${quote(path)}&&>|${quote(opened)}`);
    const patience = performance.now() + PATIENCE_MS;
    while (!existsSync(opened) && performance.now() < patience) await sleep(1);
    rmSync(opened, { force: true });
  }

  /** It holds the FIFO for an engine that died: nothing needs to be opened. */
  keeps(path: string): void {
    this.#held.add(path);
  }

  release(path: string): void {
    if (this.#held.delete(path) && this.#name) this.#tell(`exec {${variableOf(path)}}>&-`);
  }

  close(): void {
    this.#closed = true;
    if (this.#name) send(this.#name.pid, SIGKILL);
    if (this.#input !== undefined) closeSync(this.#input);
  }

  #start(): void {
    const path = join(this.#folder, 'input');
    rmSync(path, { force: true });
    mkfifo(path);
    const input = openSync(path, O_RDWR);
    const nothing = openSync('/dev/null', 'r+');
    try {
      const child = spawn(BASH, ['--noprofile', '--norc'], {
        cwd: '/',
        env: {},
        detached: true,
        stdio: [input, nothing, nothing],
      });
      child.once('error', () => {}); // there is none then: told by the missing number
      if (child.pid === undefined) return;
      child.unref();
      const startTicks = ProcessStat.read(child.pid)?.startTicks ?? 0;
      writeFileSync(join(this.#folder, 'name'), JSON.stringify({ pid: child.pid, startTicks }));
      this.#watch({ pid: child.pid, startTicks });
    } finally {
      closeSync(input);
      closeSync(nothing);
    }
  }

  #watch(name: ProcessName): void {
    this.#name = name;
    this.#input = openSync(join(this.#folder, 'input'), O_RDWR | O_NONBLOCK);
    onceGone(name, this.#poller, () => {
      if (this.#closed) return;
      this.#name = undefined;
      closeSync(this.#input!);
      this.#input = undefined;
      for (const path of this.#held) void this.hold(path);
    });
  }

  #tell(line: string): void {
    if (this.#input !== undefined) writeSync(this.#input, `${line}\n`);
  }
}

/** A name that is good in bash and names this FIFO alone. */
function variableOf(path: string): string {
  return `h_${path.replaceAll(/[^A-Za-z0-9]/g, '_')}`;
}

function readName(path: string): ProcessName | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessName;
  } catch {
    return undefined; // none was needed yet
  }
}

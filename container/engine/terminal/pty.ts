// A pseudoterminal with a program on it: bytes in, bytes out, its size, its end.
// Of the package its compiled part alone is used. Its stream waits for a full input by spinning (libuv writes to a
// master as if it blocked), and closes 200 ms after the program's end, read or not.
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { ReadStream } from 'node:tty';
import { closeOnExec, foregroundGroup, waitingBytes } from '../linux/libc.ts';
import type { Poller } from '../linux/poller.ts';
import type { ShellEnd } from '../shell/shell.ts';

interface Native {
  fork(
    file: string,
    args: string[],
    env: string[],
    cwd: string,
    cols: number,
    rows: number,
    uid: number,
    gid: number,
    utf8: boolean,
    helper: string,
    onExit: (exitCode: number, signal: number) => void,
  ): { fd: number; pid: number };
  resize(fd: number, cols: number, rows: number): void;
}

export interface PtyProgram {
  file: string;
  args: string[];
  env: Record<string, string>;
  cwd: string;
  cols: number;
  rows: number;
}

/** After the program's end: what it wrote last is on its way through the kernel, and a stray may write on for ever. */
const QUIET_MS = 50;
const LAST_WORDS_MS = 1_000;

export class Pty {
  readonly pid: number;
  readonly #fd: number;
  readonly #poller: Poller;
  readonly #stream: ReadStream;
  readonly #input: Uint8Array[] = [];
  #inputBytes = 0;
  #waiting = false;
  #end: ShellEnd | undefined;
  #closed = false;
  #quiet: NodeJS.Timeout | undefined;
  #patience: NodeJS.Timeout | undefined;
  onData: (bytes: Buffer) => void = () => {};
  /** Called once, behind the last bytes. */
  onEnd: (end: ShellEnd) => void = () => {};
  /** There is room for input again. */
  onDrain: () => void = () => {};

  constructor({ file, args, env, cwd, cols, rows }: PtyProgram, poller: Poller) {
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const ended = (exitCode: number, signal: number) => this.#ended(shellEnd(exitCode, signal));
    const { fd, pid } = native().fork(file, args, variables, cwd, cols, rows, -1, -1, false, '', ended);
    // Who inherits the master keeps the terminal from ending with the engine.
    closeOnExec(fd);
    this.#fd = fd;
    this.pid = pid;
    this.#poller = poller;
    this.#stream = new ReadStream(fd);
    this.#stream.on('data', (bytes: Buffer) => {
      this.onData(bytes);
      this.#quiet?.refresh();
    });
    // EIO is how a master tells that nobody has the terminal open.
    this.#stream.on('error', () => this.#close());
    this.#stream.on('end', () => this.#close());
  }

  /** Bytes that wait for the program to read. */
  get inputBytes(): number {
    return this.#inputBytes;
  }

  write(bytes: Uint8Array): void {
    if (this.#closed || bytes.length === 0) return;
    this.#input.push(bytes);
    this.#inputBytes += bytes.length;
    if (!this.#waiting) this.#flush();
  }

  resize(cols: number, rows: number): void {
    if (!this.#closed) native().resize(this.#fd, cols, rows);
  }

  /** Sends a signal to what runs in the foreground, as its keys do. */
  signal(signal: number): void {
    const group = this.#closed ? undefined : foregroundGroup(this.#fd);
    if (group === undefined) return;
    try {
      process.kill(-group, signal);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ESRCH' && code !== 'EPERM') throw error; // it ended meanwhile, or became another user's
    }
  }

  /** Stops reading: a program that goes on writing is held by the kernel. */
  pause(): void {
    if (!this.#end) this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** Hangs up: the kernel sends SIGHUP to what runs in the foreground. */
  hangUp(): void {
    this.#close();
  }

  #flush(): void {
    for (let next = this.#input[0]; next; next = this.#input[0]) {
      let written: number;
      try {
        written = writeSync(this.#fd, next);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
          this.#await();
          return;
        }
        this.#input.length = 0; // nobody will read it
        this.#inputBytes = 0;
        break;
      }
      this.#inputBytes -= written;
      if (written < next.length) this.#input[0] = next.subarray(written);
      else this.#input.shift();
    }
    this.#stopWaiting();
    this.onDrain();
  }

  #await(): void {
    if (!this.#waiting) this.#poller.addWriter(this.#fd, () => this.#flush());
    this.#waiting = true;
  }

  #stopWaiting(): void {
    if (this.#waiting) this.#poller.remove(this.#fd);
    this.#waiting = false;
  }

  #ended(end: ShellEnd): void {
    this.#end = end;
    if (this.#closed) {
      this.onEnd(end);
      return;
    }
    this.resume();
    // A stray that has it open keeps the end of file away. What waits is read before an immediate comes.
    this.#quiet = setTimeout(() => setImmediate(() => this.#closeIfQuiet()), QUIET_MS);
    this.#patience = setTimeout(() => setImmediate(() => this.#close()), LAST_WORDS_MS);
  }

  #closeIfQuiet(): void {
    if (this.#closed) return;
    if (waitingBytes(this.#fd) > 0) this.#quiet?.refresh();
    else this.#close();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#quiet);
    clearTimeout(this.#patience);
    this.#stopWaiting();
    this.#stream.destroy();
    if (this.#end) this.onEnd(this.#end);
  }
}

/** As Node tells of a child. */
function shellEnd(exitCode: number, signal: number): ShellEnd {
  if (signal === 0) return { exitCode, signal: null };
  const [name] = Object.entries(constants.signals).find(([, number]) => number === signal) ?? [];
  return name ? { exitCode: null, signal: name as NodeJS.Signals } : { exitCode: 128 + signal, signal: null };
}

let loaded: Native | undefined;

/** Loaded with the first terminal: an engine without any needs none of it. */
function native(): Native {
  const { requireBinary } = createRequire(import.meta.url)('@lydell/node-pty/requireBinary.js') as {
    requireBinary(file: string): Native;
  };
  loaded ??= requireBinary('pty.node');
  return loaded;
}

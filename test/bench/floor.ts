// What the machine gives without Holdfast: bash driven directly, and a pipe into Node.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A persistent bash: a command goes in through a pipe, its output and an end mark come out of another. */
export class BareBash {
  readonly #bash: ChildProcess = spawn('bash', ['--noprofile', '--norc'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  #heard = '';
  #ended: () => void = () => {};

  constructor() {
    this.#bash.stdout!.on('data', (chunk: Buffer) => {
      this.#heard += chunk.toString('latin1');
      if (!this.#heard.endsWith('\0\n')) return;
      this.#heard = '';
      this.#ended();
    });
  }

  run(command: string): Promise<void> {
    return new Promise((resolve) => {
      this.#ended = resolve;
      this.#bash.stdin!.write(`${command}; printf '\\0\\n'\n`);
    });
  }

  end(): void {
    this.#bash.kill('SIGKILL');
  }
}

/** The same with output captured through a FIFO and the end told on another: the least an engine must do. */
export class CapturedBash {
  readonly #folder: string;
  readonly #bash: ChildProcess;
  readonly #output: number;
  readonly #control: Socket;
  readonly #buffer = Buffer.alloc(65_536);
  #ended: () => void = () => {};

  private constructor(folder: string) {
    this.#folder = folder;
    execFileSync('mkfifo', [join(folder, 'output'), join(folder, 'control')]);
    this.#output = openSync(join(folder, 'output'), constants.O_RDWR | constants.O_NONBLOCK);
    const control = openSync(join(folder, 'control'), constants.O_RDWR | constants.O_NONBLOCK);
    this.#control = new Socket({ fd: control, readable: true, writable: false });
    this.#control.on('data', () => this.#ended());
    this.#bash = spawn('bash', ['--noprofile', '--norc'], {
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: folder,
    });
  }

  static async start(): Promise<CapturedBash> {
    const bash = new CapturedBash(mkdtempSync(join(tmpdir(), 'holdfast-bench-')));
    await bash.run(':');
    return bash;
  }

  async run(command: string): Promise<number> {
    await new Promise<void>((resolve) => {
      this.#ended = resolve;
      this.#bash.stdin!.write(`{ ${command}; } 1<>output 2>&1; echo $? >control\n`);
    });
    let size = 0;
    for (;;) {
      try {
        size += readSync(this.#output, this.#buffer);
      } catch {
        return size; // EAGAIN: empty
      }
    }
  }

  end(): void {
    this.#bash.kill('SIGKILL');
    this.#control.destroy();
    closeSync(this.#output);
    rmSync(this.#folder, { recursive: true });
  }
}

/** Bytes of a command's output, read from an ordinary pipe. */
export function plainPipe(command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    // A pipe, as a shell makes one; what Node gives a child by itself is a socket.
    const child = spawn('bash', ['-c', `{ ${command}; } | cat`], { stdio: ['ignore', 'pipe', 'ignore'] });
    let size = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
    });
    child.once('error', reject);
    child.once('close', () => resolve(size));
  });
}

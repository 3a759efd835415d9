// A persistent bash with its output captured through a FIFO and its ends told on another: the least that an engine
// must do, driven by the process that measures.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { constants, openSync, readSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { scratchFolder } from '../scratch-folder.ts';

/** FIFOs that outlive the shells which use them, so that starting one costs no fork but its own. */
export function makeFifos(): string {
  const folder = scratchFolder();
  execFileSync('mkfifo', [join(folder, 'output'), join(folder, 'control')]);
  return folder;
}

export class CapturedBash {
  readonly pid: number;
  readonly #bash: ChildProcess;
  readonly #output: Socket;
  readonly #outputFd: number;
  readonly #control: Socket;
  readonly #rest = Buffer.alloc(65_536);
  #ended: () => void = () => {};
  #onBytes: (bytes: Buffer) => void = () => {};

  private constructor(folder: string, onControl: (bash: CapturedBash) => void) {
    const open = (name: string) => openSync(join(folder, name), constants.O_RDWR | constants.O_NONBLOCK);
    this.#outputFd = open('output');
    this.#output = new Socket({ fd: this.#outputFd, readable: true, writable: false });
    this.#output.on('data', (bytes: Buffer) => this.#onBytes(bytes));
    this.#control = new Socket({ fd: open('control'), readable: true, writable: false });
    this.#control.on('data', () => onControl(this));
    this.#bash = spawn('bash', ['--noprofile', '--norc'], {
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: folder,
    });
    this.pid = this.#bash.pid!;
  }

  /** Returns when the shell has run its first command. */
  static async start(folder: string): Promise<CapturedBash> {
    const bash = new CapturedBash(folder, (one) => one.#ended());
    await bash.run(':');
    return bash;
  }

  /** Calls back with the output as it comes; resolves once all of it came. */
  async run(command: string, onBytes: (bytes: Buffer) => void = () => {}): Promise<void> {
    this.#onBytes = onBytes;
    await new Promise<void>((resolve) => {
      this.#ended = resolve;
      this.#bash.stdin!.write(`{ ${command}; } 1<>output 2>&1; echo $? >control\n`);
    });
    // The report may overtake the end of the output, which is in the FIFO by then.
    for (;;) {
      try {
        onBytes(this.#rest.subarray(0, readSync(this.#outputFd, this.#rest)));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return;
        throw error;
      }
    }
  }

  end(): void {
    this.#bash.kill('SIGKILL');
    this.#control.destroy();
    this.#output.destroy();
  }
}

export function removeFifos(folder: string): void {
  rmSync(folder, { recursive: true });
}

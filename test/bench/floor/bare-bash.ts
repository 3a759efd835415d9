// A persistent bash over two pipes: a command goes in through one, its output and an end mark come out of the other.
import { type ChildProcess, spawn } from 'node:child_process';

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

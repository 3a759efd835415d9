// A program of the project as a child process of the tests, in a process group of its own, so
// that ending it ends all that it started.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const STOP_MS = 15_000;

export interface Program {
  pid: number;
  child: ChildProcess;
  /** Resolves to the first line of stdout that fits; rejects with the last output if the program ends. */
  line(fits: (line: string) => boolean): Promise<string>;
  /** The end of what it printed, for messages of failure. */
  tail(): string;
  /** SIGTERM to the program; SIGKILL to its group if it does not end. */
  stop(): Promise<void>;
}

/**
 * @param limits Options of bash's `ulimit` that it runs under, as `-f 1024`.
 * @example
 * const program = startProgram('container/engine/main.ts', { PORT: '0' });
 * await program.line((line) => line.includes('listening'));
 */
export function startProgram(script: string, env: Record<string, string>, limits?: string): Program {
  const limit = limits === undefined ? '' : `ulimit ${limits}; `;
  const child = spawn('bash', ['-c', `${limit}exec "$0" "$1"`, process.execPath, script], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const pid = child.pid!;
  const lines: string[] = [];
  const waiting = new Set<(line: string) => void>();
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) {
        lines.push(line);
        if (lines.length > 200) lines.shift();
        for (const seen of waiting) seen(line);
      }
    });
  }
  const ended = once(child, 'close');
  const tail = () => lines.slice(-60).join('\n');

  return {
    pid,
    child,
    tail,
    line: (fits) =>
      new Promise((resolve, reject) => {
        const seen = (line: string) => {
          if (!fits(line)) return;
          waiting.delete(seen);
          resolve(line);
        };
        waiting.add(seen);
        lines.forEach(seen);
        ended.then(() => reject(new Error(`${script} ended before it was ready:\n${tail()}`)), reject);
      }),
    async stop() {
      child.kill('SIGTERM');
      const killer = setTimeout(() => {
        console.error(`${script} did not end on SIGTERM; killing it. It last said:\n${tail()}`);
        process.kill(-pid, 'SIGKILL');
      }, STOP_MS);
      await ended;
      clearTimeout(killer);
    },
  };
}

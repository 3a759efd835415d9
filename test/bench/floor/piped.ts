// Bytes of a command's output over an ordinary pipe, as Node hands them out.
import { spawn } from 'node:child_process';

/** What Node gives a child by itself is a socket; `cat` makes bash make a pipe. */
export function piped(command: string, onBytes: (bytes: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', `{ ${command}; } | cat`], { stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.on('data', onBytes);
    child.once('error', reject);
    child.once('close', () => resolve());
  });
}

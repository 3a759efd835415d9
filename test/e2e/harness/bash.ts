// The measure of all output: what `bash -c` itself writes.
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';

export interface BashResult {
  stdout: Buffer;
  stderr: Buffer;
  /** 128 plus its number for a signal, as a shell reports it. */
  exitCode: number;
}

// Node gives a child sockets, on which opening /dev/stdout fails. So real pipes go between:
// stdout through 3 into one cat, stderr into another, the exit code out on 4.
const THROUGH_PIPES = `
{
  { bash --noprofile --norc -c "$1" </dev/null 3>&- 4>&-; echo $? >&4; } 2>&1 1>&3 3>&- | cat >&2
} 3>&1 | cat
`;

/** Runs a text with real bash: empty stdin, pipes for output. */
export async function bash(command: string): Promise<BashResult> {
  const child = spawn('bash', ['--noprofile', '--norc', '-c', THROUGH_PIPES, 'bash', command], {
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe', 'ignore', 'pipe'],
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    buffer(child.stdout!),
    buffer(child.stderr!),
    buffer(child.stdio[4] as Readable),
  ]);
  return { stdout, stderr, exitCode: Number(exitCode.toString()) };
}

/** bash's own messages without where they come from: an interactive bash names no file and no line. */
export function withoutPlaces(stderr: Buffer): string {
  return stderr.toString().replace(/^[^\s:]*: (line \d+: )?/gm, '');
}

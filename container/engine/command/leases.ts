// The two output streams of a command, as the FIFOs that they come through see them.
import type { Lease } from '../fifo/output-fifo.ts';
import type { StreamName } from '../log/label.ts';
import type { Command } from './command.ts';

/** `output` keeps a chunk in the command's log. */
export function leasesOf(
  command: Command,
  output: (stream: StreamName, chunk: Uint8Array) => void,
): Record<StreamName, Lease> {
  const one = (stream: StreamName): Lease => ({
    sink: (chunk) => output(stream, chunk),
    allKept: () => command.log.heldBytes(stream) === 0,
    moved: (place) => command.moved(stream, place),
  });
  return { stdout: one('stdout'), stderr: one('stderr') };
}

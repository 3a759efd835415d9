// Output into a command's log. A disk that takes no more ends that command and nothing else.
import type { StreamName } from '../log/label.ts';
import type { Command } from './command.ts';

/** False when the log could not be written: the command is to be ended, its output goes no further. */
export function keep(command: Command, stream: StreamName, chunk: Uint8Array): boolean {
  try {
    command.log.append(stream, chunk);
    return true;
  } catch (error) {
    console.error(`the log of command ${command.id} cannot be written:`, (error as Error).message);
    return false;
  }
}

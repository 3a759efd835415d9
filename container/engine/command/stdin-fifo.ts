// A stdin that is left open, as a FIFO that outlives the engine.
import type { FifoPool } from '../fifo/pool.ts';
import type { Command } from './command.ts';
import { openStdin } from './stdin.ts';
import type { StdinHolder } from './stdin-holder.ts';

export interface StdinFifos {
  fifos: FifoPool;
  holder: StdinHolder;
}

/** Opens a new one and gives it to the command; `taken`: the command has it open. */
export async function openStdinFifo(
  command: Command,
  { fifos, holder }: StdinFifos,
  taken: () => boolean,
): Promise<void> {
  const path = fifos.take();
  give(command, path, { fifos, holder }, taken);
  await holder.hold(path);
}

/** Goes on with one that an engine which died had opened. */
export function inheritStdinFifo(
  command: Command,
  path: string,
  { fifos, holder }: StdinFifos,
  taken: () => boolean,
): void {
  holder.keeps(path);
  give(command, path, { fifos, holder }, taken);
}

function give(command: Command, path: string, { fifos, holder }: StdinFifos, taken: () => boolean): void {
  command.stdin = openStdin({
    path,
    taken,
    ending: () => command.recorder.trySet({ stdin: null }),
    released: () => holder.release(path),
  });
  void command.done.then(() => fifos.discard(path));
}

// A stdin that is left open, as a FIFO that outlives the engine: a holder has it open for writing, so that its reader
// sees no end before one is asked for.
import { closeSync, constants, openSync } from 'node:fs';
import { endHolder, findHolders, startHolder } from '../fifo/holder.ts';
import type { FifoPool } from '../fifo/pool.ts';
import type { ProcessName } from '../journal/state.ts';
import type { Command } from './command.ts';
import { openStdin } from './stdin.ts';

/** Opens a new one and gives it to the command; `taken`: the command has it open. */
export function openStdinFifo(command: Command, fifos: FifoPool, taken: () => boolean): void {
  const path = fifos.take();
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    give(command, { path, fifos, taken, holder: startHolder([fd], path) });
  } finally {
    closeSync(fd);
  }
}

/** Goes on with one that an engine which died had opened. */
export function inheritStdinFifo(
  command: Command,
  path: string,
  fifos: FifoPool,
  taken: () => boolean,
): void {
  give(command, { path, fifos, taken, holder: findHolders(path).find(({ of }) => of === path)?.name });
}

interface Given {
  path: string;
  fifos: FifoPool;
  taken(): boolean;
  holder: ProcessName | undefined;
}

function give(command: Command, { path, fifos, taken, holder }: Given): void {
  command.stdin = openStdin({
    path,
    taken,
    ending: () => command.recorder.trySet({ stdin: null }),
    released: () => {
      if (holder) endHolder(holder);
    },
  });
  void command.done.then(() => fifos.discard(path));
}

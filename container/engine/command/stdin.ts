// The stdin of one command: nothing, bytes that came with the call, or a FIFO that stays open.
import { constants, openSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '#protocol';
import { removeFile } from '../remove-file.ts';

const { O_RDWR, O_NONBLOCK } = constants;

export interface CommandStdin {
  /** What the command's stdin is opened from. */
  readonly path: string;
  /** Writes; resolves when the bytes were taken, so that a slow reader slows its writer. */
  write(data: Uint8Array): Promise<void>;
  /** Ends the input. */
  end(): Promise<void>;
  /** The command ended: gives back what is held. */
  close(): void;
}

/** Refuses all writing. */
export function closedStdin(path = '/dev/null'): CommandStdin {
  const refuse = () => Promise.reject(stdinClosed());
  return { path, write: refuse, end: refuse, close: () => {} };
}

/** `data` as a file, removed when the command has ended. */
export function fileStdin(path: string, data: Uint8Array): CommandStdin {
  writeFileSync(path, data, { mode: 0o600 });
  return keptStdin(path);
}

/** The same, of a file that is there. */
export function keptStdin(path: string): CommandStdin {
  return { ...closedStdin(path), close: () => removeFile(path) };
}

export interface OpenStdin {
  path: string;
  /**
   * Whether the command has it open: the engine's end is not closed before that, since a FIFO with no holder at
   * all loses its bytes and blocks who opens it.
   */
  taken(): boolean;
  /** It is about to end: another engine must not hold it open. */
  ending(): void;
  /** Nobody needs it any more. */
  released(): void;
}

/** A FIFO that the engine writes into. */
export function openStdin({ path, taken, ending, released }: OpenStdin): CommandStdin {
  const fd = openSync(path, O_RDWR | O_NONBLOCK);
  const socket = new Socket({ fd, readable: false, writable: true });
  socket.setMaxListeners(0); // each write that waits has one
  socket.on('error', () => {}); // told to each write by its callback
  let open = true;
  let closed = false;
  const release = () => {
    if (closed) return;
    closed = true;
    socket.destroy();
    released();
  };
  return {
    path,
    async write(data) {
      if (!open) throw stdinClosed();
      if (data.length === 0) return;
      await new Promise<void>((resolve, reject) => {
        const gone = () => reject(stdinClosed());
        socket.once('close', gone);
        socket.write(data, (error) => {
          socket.off('close', gone);
          if (error) reject(stdinClosed());
          else resolve();
        });
      });
    },
    async end() {
      if (!open) throw stdinClosed();
      open = false;
      ending();
      while (!closed && !taken()) await sleep(2);
      release();
    },
    close() {
      open = false;
      release();
    },
  };
}

function stdinClosed(): HoldfastError {
  return new HoldfastError(
    'STDIN_CLOSED',
    'this command takes no input: it ended, its input ended, or it was started without stdinOpen',
  );
}

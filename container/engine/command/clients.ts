// Who waits for a command: when the last streaming or waiting client goes away, the command is
// interrupted a grace later, unless somebody attached again.
import type { ServerResponse } from 'node:http';
import type { Command } from './command.ts';

/** For clients that were cut off with an engine that died. */
const RETURN_MS = 10_000;

export class Clients {
  readonly #counts = new Map<Command, number>();
  readonly #timers = new Map<Command, NodeJS.Timeout>();
  readonly #abandon: (command: Command) => void;

  /** `abandon` is called when a command's grace has passed. */
  constructor(abandon: (command: Command) => void) {
    this.#abandon = abandon;
  }

  /** A client came; it leaves when its response closes, which it may have done already. */
  attach(command: Command, response: ServerResponse): void {
    const leave = this.#join(command);
    if (response.destroyed || response.closed) leave();
    else response.once('close', leave);
  }

  /** Clients of an engine that died are gone; they have at least a few seconds to come back. */
  awaitReturn(command: Command): void {
    const { disconnectGraceMs } = command.request;
    if (disconnectGraceMs !== null) this.#leave(command, Math.max(disconnectGraceMs, RETURN_MS));
  }

  #join(command: Command): () => void {
    this.#counts.set(command, (this.#counts.get(command) ?? 0) + 1);
    clearTimeout(this.#timers.get(command));
    this.#timers.delete(command);
    let here = true;
    return () => {
      if (here) this.#leave(command);
      here = false;
    };
  }

  /** The command goes on for a caller who was told so: from now on nobody's leaving ends it. */
  release(command: Command): void {
    command.request.disconnectGraceMs = null;
  }

  #leave(command: Command, graceMs = command.request.disconnectGraceMs): void {
    const left = (this.#counts.get(command) ?? 1) - 1;
    if (left > 0) {
      this.#counts.set(command, left);
      return;
    }
    this.#counts.delete(command);
    if (command.ended || graceMs === null) return;
    const timer = setTimeout(() => {
      this.#timers.delete(command);
      if (!command.ended) this.#abandon(command);
    }, graceMs);
    this.#timers.set(command, timer);
    void command.done.then(() => {
      clearTimeout(timer);
      if (this.#timers.get(command) === timer) this.#timers.delete(command);
    });
  }
}

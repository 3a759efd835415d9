// All commands of the sandbox by id, and how long ended ones are kept.
// Invariant: an id that was ever taken is never run again; the oldest ended commands expire first.
import { HoldfastError, LIMITS } from '#protocol';
import type { Command, CommandRequest } from './command.ts';
import { fingerprint } from './fingerprint.ts';

/** From a command's end to the change that tells of it, at most. */
const TOLD_MS = 1_000;

export class CommandTable {
  readonly #commands = new Map<string, Command>();
  /** Ended commands, oldest first, with the log bytes that count for each. */
  readonly #ended = new Map<Command, number>();
  readonly #expired = new Set<string>();
  #endedBytes = 0;
  #changes = 0;

  /** The command of that id; 404 if it never was, 410 if it has expired. */
  get(id: string): Command {
    const command = this.#commands.get(id);
    if (command) return command;
    if (this.#expired.has(id)) throw expired(id);
    throw new HoldfastError('COMMAND_NOT_FOUND', `there is no command ${id}; GET /commands lists them`);
  }

  /** The command that already has this id, if it is the same request; 409 if it is another, 410 if expired. */
  attach(id: string, request: CommandRequest): Command | undefined {
    if (this.#expired.has(id)) throw expired(id);
    const command = this.#commands.get(id);
    if (command && command.fingerprint !== fingerprint(request)) {
      throw new HoldfastError(
        'COMMAND_ID_CONFLICT',
        `the id ${id} belongs to another request; give each command its own id`,
      );
    }
    return command;
  }

  add(command: Command): void {
    this.#commands.set(command.id, command);
    this.touch(command);
  }

  /**
   * A command that was over in an engine which died: who had asked that one for changes a while after its end knows
   * of it. So its last change is that end, as late as it can have been told.
   */
  addLeft(command: Command, endedAt: Date): void {
    this.#commands.set(command.id, command);
    command.change = Math.min((endedAt.getTime() + TOLD_MS) * 1000, this.#nextChange());
    this.#retireEnded(command);
  }

  /** Notes a change, for `changedSince`: the table is kept in the order of last change. */
  touch(command: Command): void {
    command.change = this.#nextChange();
    this.#retireEnded(command);
  }

  /** Newest first. */
  list(): Command[] {
    return [...this.#commands.values()].reverse();
  }

  /** Commands that changed after `cursor`, oldest change first, at most `max`. */
  changedSince(cursor: number, max: number): Command[] {
    const changed = [...this.#commands.values()].filter((command) => command.change > cursor);
    return changed.sort((a, b) => a.change - b.change).slice(0, max);
  }

  /** Forgets a command that never ran, and its id. */
  withdraw(command: Command): void {
    this.#commands.delete(command.id);
    command.recorder.forget(false);
  }

  /** Ids that an engine which died had forgotten. */
  rememberExpired(ids: Iterable<string>): void {
    for (const id of ids) this.#expired.add(id);
  }

  /** Forgets a command and its log, but not that its id was taken. */
  expire(command: Command): void {
    this.#commands.delete(command.id);
    command.recorder.forget(true);
    command.log.remove();
    this.#expired.add(command.id);
    if (this.#expired.size > LIMITS.expiredIds) {
      const [first] = this.#expired;
      this.#expired.delete(first!);
    }
  }

  /** Microseconds of the clock, each another: the numbers of an engine are above those of the one before it. */
  #nextChange(): number {
    this.#changes = Math.max(this.#changes + 1, Date.now() * 1000);
    return this.#changes;
  }

  #retireEnded(command: Command): void {
    const mine = command.request.mode === 'foreground' && this.#commands.get(command.id) === command;
    if (command.ended && mine) this.#retire(command);
  }

  /** Processes have a time of their own; foreground commands are kept by number and bytes. */
  #retire(command: Command): void {
    this.#endedBytes += command.log.size - (this.#ended.get(command) ?? 0);
    this.#ended.set(command, command.log.size);
    for (const [oldest, bytes] of this.#ended) {
      const fits = this.#endedBytes <= LIMITS.finishedLogBytes && this.#ended.size <= LIMITS.finishedCommands;
      if (fits) break;
      this.#ended.delete(oldest);
      this.#endedBytes -= bytes;
      this.expire(oldest);
    }
  }
}

function expired(id: string): HoldfastError {
  return new HoldfastError('COMMAND_EXPIRED', `the command ${id} ended and its output is no longer kept`);
}

// The whole events of small commands that ended, as their engine streamed them: what a repeat with the same id
// is answered from when the container is gone.

/** Commands kept: at most 128 KiB each, mostly less than one. */
const KEPT = 300;

export class KeptEvents {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  has(commandId: string): boolean {
    const found = this.#sql.exec('SELECT age FROM kept_events WHERE command_id = ?', commandId);
    return found.toArray().length > 0;
  }

  get(commandId: string): Uint8Array<ArrayBuffer> | undefined {
    const [row] = this.#sql
      .exec<{ events: ArrayBuffer }>('SELECT events FROM kept_events WHERE command_id = ?', commandId)
      .toArray();
    return row && new Uint8Array(row.events);
  }

  put(commandId: string, events: Uint8Array): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO kept_events (command_id, events) VALUES (?, ?)',
      commandId,
      events.slice().buffer,
    );
    this.#sql.exec('DELETE FROM kept_events WHERE age <= (SELECT max(age) FROM kept_events) - ?', KEPT);
  }

  remove(commandId: string): void {
    this.#sql.exec('DELETE FROM kept_events WHERE command_id = ?', commandId);
  }

  clear(): void {
    this.#sql.exec('DELETE FROM kept_events');
  }
}

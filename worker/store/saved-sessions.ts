// Saved sessions as the engine gave them, whole. A row of SQLite holds 2 MB here, so each is kept in parts.

const PART_BYTES = 1024 * 1024;

export class SavedSessions {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The bytes that `put` was given, or undefined. */
  get(sessionId: string): Uint8Array<ArrayBuffer> | undefined {
    const parts = this.#sql
      .exec<{ bytes: ArrayBuffer }>(
        'SELECT bytes FROM saved_sessions WHERE session_id = ? ORDER BY part',
        sessionId,
      )
      .toArray()
      .map(({ bytes }) => new Uint8Array(bytes));
    if (parts.length === 0) return undefined;
    const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  put(sessionId: string, bytes: Uint8Array): void {
    const parts = Math.max(1, Math.ceil(bytes.length / PART_BYTES));
    for (let part = 0; part < parts; part += 1) {
      const piece = bytes.slice(part * PART_BYTES, (part + 1) * PART_BYTES).buffer;
      this.#sql.exec('INSERT OR REPLACE INTO saved_sessions VALUES (?, ?, ?)', sessionId, part, piece);
    }
    this.#sql.exec('DELETE FROM saved_sessions WHERE session_id = ? AND part >= ?', sessionId, parts);
  }

  remove(sessionId: string): void {
    this.#sql.exec('DELETE FROM saved_sessions WHERE session_id = ?', sessionId);
  }

  clear(): void {
    this.#sql.exec('DELETE FROM saved_sessions');
  }
}

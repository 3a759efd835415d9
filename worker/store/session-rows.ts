// The sandbox's sessions as its engine last told them.
import type { SessionInfo } from '#protocol';

interface Row extends Record<string, SqlStorageValue> {
  id: string;
  cwd: string;
  created_at: string;
  last_used_at: string;
  running_command: string | null;
  queue_length: number;
}

export class SessionRows {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  list(): SessionInfo[] {
    const rows = this.#sql.exec<Row>('SELECT * FROM sessions ORDER BY created_at, id').toArray();
    return rows.map((row) => ({
      id: row.id,
      cwd: row.cwd,
      createdAt: row.created_at,
      lastUsedAt: row.last_used_at,
      runningCommand: row.running_command,
      queueLength: row.queue_length,
    }));
  }

  /** Takes over the engine's list, which is always the whole of it. */
  replace(sessions: SessionInfo[], generation: number): void {
    this.clear();
    for (const session of sessions) {
      this.#sql.exec(
        'INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)',
        session.id,
        generation,
        session.cwd,
        session.createdAt,
        session.lastUsedAt,
        session.runningCommand,
        session.queueLength,
      );
    }
  }

  clear(): void {
    this.#sql.exec('DELETE FROM sessions');
  }
}

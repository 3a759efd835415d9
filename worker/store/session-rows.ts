// The sandbox's sessions, across the starts of its container: those that its engine told of last, and those
// of earlier generations, which the next use brings back.
// Invariant: `generation` is the last one in which the session was known to live.
import type { SavedSession, SessionInfo, Sync } from '#protocol';

/** What the restore and the pull of checkpoints need to know beside what a client is told. */
export interface KeptSession extends SessionInfo {
  generation: number;
  /** Version of the checkpoint that is saved, good within `generation`. */
  checkpoint: number;
  savedBytes: number;
}

interface Row extends Record<string, SqlStorageValue> {
  id: string;
  generation: number;
  cwd: string;
  created_at: string;
  last_used_at: string;
  running_command: string | null;
  queue_length: number;
  checkpoint: number;
  saved_bytes: number;
  state_truncated: number;
}

export class SessionRows {
  readonly #sql: SqlStorage;
  /** What was made, brought back or deleted here since the pull that is under way began: it knows better. */
  #edited = new Set<string>();

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** All of them; of sessions that lived before `generation` nothing runs. */
  list(generation: number): SessionInfo[] {
    return this.kept().map((kept) => infoOf(kept, generation));
  }

  kept(): KeptSession[] {
    return this.#sql.exec<Row>('SELECT * FROM sessions ORDER BY created_at, id').toArray().map(toKept);
  }

  get(id: string): KeptSession | undefined {
    return this.#sql.exec<Row>('SELECT * FROM sessions WHERE id = ?', id).toArray().map(toKept)[0];
  }

  /** The session as a client is told of it, if it lived before `generation` and has not come back. */
  left(id: string, generation: number): SessionInfo | undefined {
    const kept = this.get(id);
    return kept && kept.generation < generation ? infoOf(kept, generation) : undefined;
  }

  /** Call it before the engine is asked for what `apply` is given. */
  beginPull(): void {
    this.#edited = new Set();
  }

  /** Takes over the engine's list: always the whole of it, except for what changed here meanwhile. */
  apply(sessions: Sync['sessions'], generation: number): void {
    const told = new Set(sessions.map(({ id }) => id));
    for (const kept of this.kept()) {
      const gone = kept.generation === generation && !told.has(kept.id) && !this.#edited.has(kept.id);
      if (gone) this.#sql.exec('DELETE FROM sessions WHERE id = ?', kept.id);
    }
    for (const session of sessions) if (!this.#edited.has(session.id)) this.#upsert(session, generation);
  }

  /** Notes a session that an engine of this generation has just made. */
  create(saved: SavedSession, generation: number): void {
    this.remove(saved.id);
    this.#upsert({ ...saved, runningCommand: null, queueLength: 0 }, generation);
  }

  /** Forgets it, whatever a pull that is under way says. */
  remove(id: string): void {
    this.#edited.add(id);
    this.#sql.exec('DELETE FROM sessions WHERE id = ?', id);
  }

  /** An engine of this generation has it again. Its checkpoints are counted anew. */
  revived(id: string, generation: number): void {
    this.#edited.add(id);
    this.#sql.exec(
      'UPDATE sessions SET generation = ?1, checkpoint = 0 WHERE id = ?2 AND generation < ?1',
      generation,
      id,
    );
  }

  /** Notes what is saved of it now. False, and nothing noted, where it is not that session any more. */
  noteSaved(
    { id, createdAt, version }: SavedSession,
    bytes: number,
    { generation, truncated = false }: { generation: number; truncated?: boolean },
  ): boolean {
    const changed = this.#sql.exec(
      `UPDATE sessions SET checkpoint = ?, saved_bytes = ?, state_truncated = max(state_truncated, ?)
       WHERE id = ? AND created_at = ? AND generation = ? AND checkpoint <= ?1 RETURNING id`,
      version,
      bytes,
      Number(truncated),
      id,
      createdAt,
      generation,
    );
    return changed.toArray().length > 0;
  }

  clear(): void {
    for (const { id } of this.kept()) this.#edited.add(id);
    this.#sql.exec('DELETE FROM sessions');
  }

  /**
   * Writes only what differs: a pull of an idle sandbox costs no write. What a row of an earlier generation says
   * stays: a new engine has a `default` of its own, which is not the one that is still to be brought back.
   */
  #upsert(session: SessionInfo, generation: number): void {
    this.#sql.exec(
      `INSERT INTO sessions
         (id, generation, cwd, created_at, last_used_at, running_command, queue_length, state_truncated)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET
         checkpoint = iif(created_at = excluded.created_at, checkpoint, 0),
         cwd = excluded.cwd, created_at = excluded.created_at,
         last_used_at = excluded.last_used_at, running_command = excluded.running_command,
         queue_length = excluded.queue_length, state_truncated = excluded.state_truncated
       WHERE generation = excluded.generation AND
         (cwd, created_at, last_used_at, running_command, queue_length, state_truncated) IS NOT
         (excluded.cwd, excluded.created_at, excluded.last_used_at, excluded.running_command,
          excluded.queue_length, excluded.state_truncated)`,
      session.id,
      generation,
      session.cwd,
      session.createdAt,
      session.lastUsedAt,
      session.runningCommand,
      session.queueLength,
      Number(session.stateTruncated ?? false),
    );
  }
}

function infoOf(
  { generation: of, checkpoint: _, savedBytes: __, ...info }: KeptSession,
  generation: number,
): SessionInfo {
  return of < generation ? { ...info, runningCommand: null, queueLength: 0 } : info;
}

function toKept(row: Row): KeptSession {
  return {
    id: row.id,
    cwd: row.cwd,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    runningCommand: row.running_command,
    queueLength: row.queue_length,
    ...(row.state_truncated ? { stateTruncated: true } : {}),
    generation: row.generation,
    checkpoint: row.checkpoint,
    savedBytes: row.saved_bytes,
  };
}

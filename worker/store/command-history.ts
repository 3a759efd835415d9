// The newest commands of the sandbox, across the starts of its container. A row is only ever
// overwritten by the same generation or a later one. What runs is kept however old it is.
import type { CommandInfo } from '#protocol';

/** Rows kept: what somebody scrolls back through, at little more than a megabyte of storage. */
const KEPT = 1_000;
/** Finding what is too old reads all that is kept, so it is done once for so many that were recorded. */
const SWEEP_EVERY = 100;
/** Characters of a command's text kept; a longer one ends in an ellipsis. */
const TEXT_KEPT = 4_096;

interface Row extends Record<string, SqlStorageValue> {
  id: string;
  generation: number;
  session_id: string;
  command: string;
  mode: string;
  state: string;
  exit_code: number | null;
  signal: string | null;
  timed_out: number;
  interrupted: number;
  output_limited: number;
  shell_restarted: number;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  duration_ms: number | null;
  stdout_bytes: number;
  stderr_bytes: number;
}

export class CommandHistory {
  readonly #sql: SqlStorage;
  #untilSweep = 1;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Newest first. */
  list(): CommandInfo[] {
    return this.#sql
      .exec<Row>('SELECT * FROM commands ORDER BY created_at DESC, rowid DESC')
      .toArray()
      .map(toInfo);
  }

  get(id: string): CommandInfo | undefined {
    return this.#sql.exec<Row>('SELECT * FROM commands WHERE id = ?', id).toArray().map(toInfo)[0];
  }

  /** The generation in which the command ran, if it is known. */
  generationOf(id: string): number | undefined {
    return this.#sql
      .exec<{ generation: number }>('SELECT generation FROM commands WHERE id = ?', id)
      .toArray()[0]?.generation;
  }

  /** The processes among them that were started before this generation, newest first. */
  processesBefore(generation: number): CommandInfo[] {
    return this.#sql
      .exec<Row>(
        `SELECT * FROM commands WHERE mode = 'background' AND generation < ? ORDER BY created_at DESC, rowid DESC`,
        generation,
      )
      .toArray()
      .map(toInfo);
  }

  forget(id: string): void {
    this.#sql.exec('DELETE FROM commands WHERE id = ?', id);
  }

  /** Takes over what an engine of this generation reported. */
  record(commands: CommandInfo[], generation: number): void {
    for (const command of commands) this.#upsert(command, generation);
    this.#untilSweep -= commands.length;
    if (this.#untilSweep > 0) return;
    this.#untilSweep = SWEEP_EVERY;
    this.#sql.exec(
      `DELETE FROM commands WHERE state NOT IN ('queued', 'running') AND (created_at, rowid) <
         (SELECT created_at, rowid FROM commands ORDER BY created_at DESC, rowid DESC LIMIT 1 OFFSET ?)`,
      KEPT - 1,
    );
  }

  /** What an earlier generation left unfinished will never be known. */
  loseUnfinishedBefore(generation: number): void {
    this.#sql.exec(
      `UPDATE commands SET state = 'lost' WHERE state IN ('queued', 'running') AND generation < ?`,
      generation,
    );
  }

  clear(): void {
    this.#sql.exec('DELETE FROM commands');
  }

  #upsert(info: CommandInfo, generation: number): void {
    const text = info.command.length > TEXT_KEPT ? `${info.command.slice(0, TEXT_KEPT)}…` : info.command;
    this.#sql.exec(
      `INSERT INTO commands VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET
         generation = excluded.generation, session_id = excluded.session_id, command = excluded.command,
         mode = excluded.mode, state = excluded.state, exit_code = excluded.exit_code, signal = excluded.signal,
         timed_out = excluded.timed_out, interrupted = excluded.interrupted,
         output_limited = excluded.output_limited, shell_restarted = excluded.shell_restarted,
         created_at = excluded.created_at, started_at = excluded.started_at, ended_at = excluded.ended_at,
         duration_ms = excluded.duration_ms, stdout_bytes = excluded.stdout_bytes,
         stderr_bytes = excluded.stderr_bytes
       WHERE excluded.generation >= commands.generation`,
      info.id,
      generation,
      info.sessionId,
      text,
      info.mode,
      info.state,
      info.exitCode,
      info.signal,
      Number(info.timedOut),
      Number(info.interrupted),
      Number(info.outputLimited),
      Number(info.shellRestarted),
      info.createdAt,
      info.startedAt,
      info.endedAt,
      info.durationMs,
      info.stdoutBytes,
      info.stderrBytes,
    );
  }
}

function toInfo(row: Row): CommandInfo {
  return {
    id: row.id,
    sessionId: row.session_id,
    command: row.command,
    mode: row.mode as CommandInfo['mode'],
    state: row.state as CommandInfo['state'],
    exitCode: row.exit_code,
    signal: row.signal,
    timedOut: row.timed_out === 1,
    interrupted: row.interrupted === 1,
    outputLimited: row.output_limited === 1,
    shellRestarted: row.shell_restarted === 1,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    durationMs: row.duration_ms,
    stdoutBytes: row.stdout_bytes,
    stderrBytes: row.stderr_bytes,
  };
}

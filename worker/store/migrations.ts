// The Durable Object's schema as numbered steps. A step that was deployed is never edited: add the next one.

/** Step n of this list makes schema version n + 1. */
const STEPS = [
  `CREATE TABLE sandbox (
     only INTEGER PRIMARY KEY CHECK (only = 1),
     generation INTEGER NOT NULL,
     engine_token TEXT NOT NULL,
     created_at TEXT NOT NULL,
     last_used_at TEXT NOT NULL,
     sleep_after TEXT NOT NULL,
     keep_alive INTEGER NOT NULL,
     env TEXT NOT NULL
   );
   CREATE TABLE sessions (
     id TEXT PRIMARY KEY,
     generation INTEGER NOT NULL,
     cwd TEXT NOT NULL,
     created_at TEXT NOT NULL,
     last_used_at TEXT NOT NULL,
     running_command TEXT,
     queue_length INTEGER NOT NULL
   );
   CREATE TABLE commands (
     id TEXT PRIMARY KEY,
     generation INTEGER NOT NULL,
     session_id TEXT NOT NULL,
     command TEXT NOT NULL,
     mode TEXT NOT NULL,
     state TEXT NOT NULL,
     exit_code INTEGER,
     signal TEXT,
     timed_out INTEGER NOT NULL,
     interrupted INTEGER NOT NULL,
     output_limited INTEGER NOT NULL,
     shell_restarted INTEGER NOT NULL,
     created_at TEXT NOT NULL,
     started_at TEXT,
     ended_at TEXT,
     duration_ms REAL,
     stdout_bytes INTEGER NOT NULL,
     stderr_bytes INTEGER NOT NULL
   );
   CREATE INDEX commands_by_age ON commands (created_at);`,
  `ALTER TABLE sessions ADD COLUMN checkpoint INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE sessions ADD COLUMN saved_bytes INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE sessions ADD COLUMN state_truncated INTEGER NOT NULL DEFAULT 0;
   CREATE TABLE saved_sessions (
     session_id TEXT NOT NULL,
     part INTEGER NOT NULL,
     bytes BLOB NOT NULL,
     PRIMARY KEY (session_id, part)
   );
   CREATE TABLE command_ids (
     age INTEGER PRIMARY KEY,
     id TEXT NOT NULL UNIQUE,
     generation INTEGER NOT NULL,
     fingerprint TEXT NOT NULL
   );
   CREATE TABLE kept_events (
     age INTEGER PRIMARY KEY,
     command_id TEXT NOT NULL UNIQUE,
     events BLOB NOT NULL
   );`,
  `CREATE TABLE previews (
     id TEXT PRIMARY KEY,
     port INTEGER NOT NULL,
     token_hash TEXT NOT NULL,
     name TEXT,
     wakes INTEGER NOT NULL,
     created_at INTEGER NOT NULL,
     expires_at INTEGER
   );
   CREATE INDEX previews_by_port ON previews (port);`,
  `CREATE TABLE secrets (name TEXT PRIMARY KEY, sealed TEXT NOT NULL);`,
];

/** Brings the storage to the newest schema; does nothing where it is. */
export function migrate(storage: DurableObjectStorage): void {
  const { sql } = storage;
  storage.transactionSync(() => {
    sql.exec('CREATE TABLE IF NOT EXISTS holdfast_schema (version INTEGER NOT NULL)');
    const row = sql.exec<{ version: number }>('SELECT version FROM holdfast_schema').toArray()[0];
    const version = row?.version ?? 0;
    for (const step of STEPS.slice(version)) sql.exec(step);
    if (version === STEPS.length) return;
    sql.exec('DELETE FROM holdfast_schema');
    sql.exec('INSERT INTO holdfast_schema (version) VALUES (?)', STEPS.length);
  });
}

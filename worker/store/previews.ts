// Previews of the sandbox: which ports have a URL of their own, and until when. Of a token only the hash is kept.
import type { PreviewInfo } from '#protocol';

export interface KeptPreview {
  id: string;
  port: number;
  /** SHA-256 of the token, in hex. */
  tokenHash: string;
  name: string | undefined;
  wakes: boolean;
  createdAt: Date;
  /** Undefined: until it is revoked. */
  expiresAt: Date | undefined;
}

interface Row extends Record<string, SqlStorageValue> {
  id: string;
  port: number;
  token_hash: string;
  name: string | null;
  wakes: number;
  created_at: number;
  expires_at: number | null;
}

const LIVING = '(expires_at IS NULL OR expires_at > ?)';

export class Previews {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Keeps one, in place of one of the same port and token; those whose time is over leave. */
  put({ id, port, tokenHash, name, wakes, createdAt, expiresAt }: KeptPreview): void {
    this.#sql.exec(`DELETE FROM previews WHERE NOT ${LIVING}`, createdAt.getTime());
    this.#sql.exec('DELETE FROM previews WHERE port = ? AND token_hash = ?', port, tokenHash);
    this.#sql.exec(
      'INSERT INTO previews VALUES (?, ?, ?, ?, ?, ?, ?)',
      id,
      port,
      tokenHash,
      name ?? null,
      Number(wakes),
      createdAt.getTime(),
      expiresAt?.getTime() ?? null,
    );
  }

  /** All whose time is not over, oldest first. */
  list(now: Date): PreviewInfo[] {
    const rows = this.#sql.exec<Row>(
      `SELECT * FROM previews WHERE ${LIVING} ORDER BY created_at, rowid`,
      now.getTime(),
    );
    return rows.toArray().map(toInfo);
  }

  /** Those of a port whose time is not over, with what their tokens are compared to. */
  of(port: number, now: Date): { tokenHash: string; wakes: boolean }[] {
    const rows = this.#sql.exec<Row>(
      `SELECT * FROM previews WHERE port = ? AND ${LIVING}`,
      port,
      now.getTime(),
    );
    return rows.toArray().map(({ token_hash, wakes }) => ({ tokenHash: token_hash, wakes: wakes === 1 }));
  }

  /** Revokes one, or all of a port; tells whether there was any. */
  remove(which: { id: string } | { port: number }): boolean {
    const cursor =
      'id' in which
        ? this.#sql.exec('DELETE FROM previews WHERE id = ?', which.id)
        : this.#sql.exec('DELETE FROM previews WHERE port = ?', which.port);
    return cursor.rowsWritten > 0;
  }

  clear(): void {
    this.#sql.exec('DELETE FROM previews');
  }
}

function toInfo({ id, port, name, wakes, created_at, expires_at }: Row): PreviewInfo {
  return {
    id,
    port,
    ...(name === null ? {} : { name }),
    wakes: wakes === 1,
    createdAt: new Date(created_at).toISOString(),
    expiresAt: expires_at === null ? null : new Date(expires_at).toISOString(),
  };
}

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

export interface LivingPreview {
  id: string;
  tokenHash: string;
  wakes: boolean;
  /** Milliseconds since 1970. */
  expiresAt: number | null;
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

  /** Keeps one; what is over leaves. One of the same port and token keeps its id, which is returned. */
  put({ id, port, tokenHash, name, wakes, createdAt, expiresAt }: KeptPreview): string {
    this.#sql.exec(`DELETE FROM previews WHERE NOT ${LIVING}`, createdAt.getTime());
    const query = 'DELETE FROM previews WHERE port = ? AND token_hash = ? RETURNING id';
    const [before] = this.#sql.exec<{ id: string }>(query, port, tokenHash).toArray();
    const kept = before?.id ?? id;
    this.#sql.exec(
      'INSERT INTO previews VALUES (?, ?, ?, ?, ?, ?, ?)',
      kept,
      port,
      tokenHash,
      name ?? null,
      Number(wakes),
      createdAt.getTime(),
      expiresAt?.getTime() ?? null,
    );
    return kept;
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
  of(port: number, now: Date): LivingPreview[] {
    const query = `SELECT * FROM previews WHERE port = ? AND ${LIVING}`;
    const rows = this.#sql.exec<Row>(query, port, now.getTime()).toArray();
    return rows.map(({ id, token_hash, wakes, expires_at }) => ({
      id,
      tokenHash: token_hash,
      wakes: wakes === 1,
      expiresAt: expires_at,
    }));
  }

  /** Revokes one, or all of a port; tells which those were. */
  remove(which: { id: string } | { port: number }): string[] {
    const cursor =
      'id' in which
        ? this.#sql.exec<{ id: string }>('DELETE FROM previews WHERE id = ? RETURNING id', which.id)
        : this.#sql.exec<{ id: string }>('DELETE FROM previews WHERE port = ? RETURNING id', which.port);
    return cursor.toArray().map(({ id }) => id);
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

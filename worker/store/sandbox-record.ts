// The one row about the sandbox itself. It is there from the first use on; until then only defaults exist.
// Every call asks for it several times, so it is remembered: nobody else writes it.
import type { PatchSandboxRequest, SandboxSettings } from '#protocol';

const DEFAULTS: SandboxSettings = { sleepAfter: '10m', env: {}, keepAlive: false };

const TOUCH_MS = 1_000;

interface Row extends Record<string, SqlStorageValue> {
  generation: number;
  engine_token: string;
  created_at: string;
  last_used_at: string;
  sleep_after: string;
  keep_alive: number;
  env: string;
}

export class SandboxRecord {
  readonly #sql: SqlStorage;
  #touchedAt = 0;
  /** What the row holds, if that was read since it was last written; null where there is none. */
  #known: Row | null | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** What is stored, or undefined for a sandbox that was never used. */
  read():
    | { createdAt: string; lastUsedAt: string; generation: number; settings: SandboxSettings }
    | undefined {
    const row = this.#row();
    if (!row) return undefined;
    const { created_at: createdAt, last_used_at: lastUsedAt, generation } = row;
    return { createdAt, lastUsedAt, generation, settings: settingsOf(row) };
  }

  settings(): SandboxSettings {
    const row = this.#row();
    return row ? settingsOf(row) : DEFAULTS;
  }

  /** The container's current start, and the token its engine was given. */
  engine(): { generation: number; token: string } {
    const row = this.#row();
    return { generation: row?.generation ?? 0, token: row?.engine_token ?? '' };
  }

  /** Notes a use, to the second: answers wait for what was written before them. The first one makes the sandbox. */
  touch(now: Date): void {
    if (now.getTime() - this.#touchedAt < TOUCH_MS) return;
    this.#touchedAt = now.getTime();
    this.#known = undefined;
    const { sleepAfter, env, keepAlive } = DEFAULTS;
    this.#sql.exec(
      `INSERT INTO sandbox VALUES (1, 0, '', ?1, ?1, ?2, ?3, ?4)
       ON CONFLICT (only) DO UPDATE SET last_used_at = ?1`,
      now.toISOString(),
      JSON.stringify(sleepAfter),
      Number(keepAlive),
      JSON.stringify(env),
    );
  }

  /** Counts a start of the container and keeps the token of its engine. The sandbox must have been touched. */
  beginGeneration(token: string): number {
    this.#known = undefined;
    return this.#sql
      .exec<{ generation: number }>(
        'UPDATE sandbox SET generation = generation + 1, engine_token = ? RETURNING generation',
        token,
      )
      .one().generation;
  }

  /** Changes what the patch names; a null in `env` removes the name. The sandbox must have been touched. */
  configure(patch: PatchSandboxRequest): SandboxSettings {
    const settings = this.settings();
    const merged = { ...settings.env, ...patch.env };
    const env = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
    const sleepAfter = patch.sleepAfter ?? settings.sleepAfter;
    const keepAlive = patch.keepAlive ?? settings.keepAlive;
    this.#known = undefined;
    this.#sql.exec(
      'UPDATE sandbox SET sleep_after = ?, keep_alive = ?, env = ?',
      JSON.stringify(sleepAfter),
      Number(keepAlive),
      JSON.stringify(env),
    );
    return this.settings();
  }

  clear(): void {
    this.#touchedAt = 0;
    this.#known = undefined;
    this.#sql.exec('DELETE FROM sandbox');
  }

  #row(): Row | undefined {
    if (this.#known === undefined)
      this.#known = this.#sql.exec<Row>('SELECT * FROM sandbox').toArray()[0] ?? null;
    return this.#known ?? undefined;
  }
}

function settingsOf(row: Row): SandboxSettings {
  return {
    sleepAfter: JSON.parse(row.sleep_after),
    env: JSON.parse(row.env),
    keepAlive: row.keep_alive === 1,
  };
}

// The sandbox's secrets as they are kept: names in clear, values sealed.

export class SecretRows {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Sealed values by name. */
  all(): { name: string; sealed: string }[] {
    return this.#sql
      .exec<{ name: string; sealed: string }>('SELECT name, sealed FROM secrets ORDER BY name')
      .toArray();
  }

  names(): string[] {
    return this.all().map(({ name }) => name);
  }

  put(name: string, sealed: string): void {
    this.#sql.exec('INSERT OR REPLACE INTO secrets VALUES (?, ?)', name, sealed);
  }

  remove(name: string): void {
    this.#sql.exec('DELETE FROM secrets WHERE name = ?', name);
  }

  clear(): void {
    this.#sql.exec('DELETE FROM secrets');
  }
}

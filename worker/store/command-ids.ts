// Which ids of commands were taken, by which request, in which generation: written before an engine hears of the
// command, so that an id which may have run is known for one whatever is lost afterwards.

/** Ids remembered, as many as an engine remembers of expired commands. */
const KEPT = 100_000;
const SWEEP_EVERY = 1_000;

export interface TakenId {
  generation: number;
  /** Of the request; another one with this id is a conflict. */
  fingerprint: string;
}

export class CommandIds {
  readonly #sql: SqlStorage;
  #untilSweep = 1;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  get(id: string): TakenId | undefined {
    return this.#sql
      .exec<{ generation: number; fingerprint: string }>(
        'SELECT generation, fingerprint FROM command_ids WHERE id = ?',
        id,
      )
      .toArray()[0];
  }

  /** Notes that a request with this id goes to the engine of this generation. */
  take(id: string, { generation, fingerprint }: TakenId): void {
    this.#sql.exec(
      `INSERT INTO command_ids (id, generation, fingerprint) VALUES (?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET generation = excluded.generation, fingerprint = excluded.fingerprint`,
      id,
      generation,
      fingerprint,
    );
    this.#untilSweep -= 1;
    if (this.#untilSweep > 0) return;
    this.#untilSweep = SWEEP_EVERY;
    this.#sql.exec('DELETE FROM command_ids WHERE age <= (SELECT max(age) FROM command_ids) - ?', KEPT);
  }

  /** The engine of that generation refused it: nothing ran, and the id is free. */
  release(id: string, generation: number): void {
    this.#sql.exec('DELETE FROM command_ids WHERE id = ? AND generation = ?', id, generation);
  }

  clear(): void {
    this.#sql.exec('DELETE FROM command_ids');
  }
}

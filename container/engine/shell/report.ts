// Reads reports out of what comes through a control FIFO. Pure.

export interface Report {
  run: number;
  /** Exit status, or why the command was not run: `B`, sourcing is broken; `E`, its cwd or env could not be set. */
  status: number | 'B' | 'E';
  /** The user's TMOUT in seconds, 0 if unset. */
  idleTimeoutSeconds: number;
  /** `$PWD`; empty if the user unset it. */
  pwd: string;
}

const KEPT = 16 * 1024;

/** Splits a control stream into reports; whatever else is written there is ignored. */
export class ReportReader {
  readonly #pattern: RegExp;
  #text = '';

  constructor(key: string) {
    this.#pattern = new RegExp(
      `/dev/null/${key}\\.(\\d+)/(\\d+|B|E)/([^/]*)/([\\s\\S]*?)/__hf_\\d+_[^\\n]*\\n`,
    );
  }

  push(chunk: Uint8Array): Report[] {
    // latin1 keeps a path that was cut between reads whole; it is decoded when it is complete.
    this.#text += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
    const reports: Report[] = [];
    for (;;) {
      const found = this.#pattern.exec(this.#text);
      if (!found) break;
      const [all, run, status, timeout, pwd] = found as unknown as [string, string, string, string, string];
      this.#text = this.#text.slice(found.index + all.length);
      reports.push({
        run: Number(run),
        status: status === 'B' || status === 'E' ? status : Number(status),
        idleTimeoutSeconds: Number.parseInt(timeout, 10) || 0,
        pwd: Buffer.from(pwd, 'latin1').toString(),
      });
    }
    if (this.#text.length > KEPT) this.#text = this.#text.slice(-KEPT / 2);
    return reports;
  }
}

// A page of the output of a process or a command.
import type { Connection } from './connection/connection.ts';
import type { OutputPage } from './protocol/index.ts';

/** Which page of output, and how long to wait for one. */
export interface PageOptions {
  /** Seq of the last line that you have, the page's `nextSeq` before this one; 0, the beginning, if absent. */
  since?: number;
  /** Milliseconds, at most 300,000, to wait where nothing is behind `since` yet. Default 0. */
  waitMs?: number;
  /** The page ends before more bytes than that, but holds at least one line. Default 1 MiB. */
  maxBytes?: number;
  /** The page holds all there is, but of more than that only head and tail; `omittedBytes` are left out. */
  maxOutputBytes?: number;
  /** Output as it is, secrets included; takes access to write. */
  raw?: boolean;
  /** Ends the wait: the call throws its reason. */
  signal?: AbortSignal;
}

export function outputPage(
  connection: Connection,
  at: string,
  { signal, ...options }: PageOptions,
): Promise<OutputPage> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options)) if (value !== undefined) query.set(name, `${value}`);
  return connection.json({ method: 'GET', path: `${at}?${query}`, repeat: 'always', signal });
}

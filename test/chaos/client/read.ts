// The readers of a command's output by plain fetch: its events, pages, raw bytes. Each comes back where it was cut.

import { decodeEvents, type OutputPage } from '#protocol';
import type { Reading } from '../record.ts';
import { type Api, Broken, type Fetch, type Request } from './api.ts';
import { bytesOf, type End } from './event-bytes.ts';

/**
 * Reads events to the last one.
 *
 * @param begin The request that starts the stream; undefined to replay what was started elsewhere.
 */
export async function readEvents(
  api: Api,
  commandId: string,
  reading: Reading,
  over: Fetch,
  begin?: { path: string; request: Request },
  onOutput: () => void = () => {},
): Promise<End> {
  let begun = begin === undefined;
  return api.patiently(async () => {
    const accept = { accept: 'text/event-stream' };
    const response = begun
      ? await api.open(`/commands/${commandId}/events?after=${reading.seq}`, { headers: accept }, over)
      : await api.open(begin!.path, { ...begin!.request, headers: accept }, over);
    try {
      for await (const event of decodeEvents(response.body!)) {
        begun = true;
        if (event.type === 'exit' || event.type === 'error') return event;
        if (event.type === 'start') continue;
        reading.add(event.type, event.seq, bytesOf(event));
        onOutput();
      }
    } catch (error) {
      throw new Broken(String(error));
    }
    throw new Broken('the stream ended before its last event');
  });
}

/** Reads pages until nothing more comes, and answers the exit code. */
export async function readPages(
  api: Api,
  path: string,
  reading: Reading,
  over: Fetch,
  options: { maxBytes?: number; waitMs: number },
): Promise<{ exitCode: number | null; lostBytes: number }> {
  const size = options.maxBytes === undefined ? '' : `&maxBytes=${options.maxBytes}`;
  let lostBytes = 0;
  for (;;) {
    const page = await api.json<OutputPage>(
      `${path}/output?since=${reading.seq}&waitMs=${options.waitMs}${size}`,
      {},
      over,
    );
    takePage(page, reading);
    lostBytes += page.lostBytes;
    if (!page.alive) return { exitCode: page.exitCode, lostBytes };
  }
}

export function takePage(page: OutputPage, reading: Reading): void {
  for (const { stream, seq, data, dataBase64 } of page.chunks) {
    reading.add(
      stream,
      seq,
      dataBase64 === undefined ? Buffer.from(data ?? '') : Buffer.from(dataBase64, 'base64'),
    );
  }
}

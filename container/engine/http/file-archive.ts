// A folder's archive to a client, at the client's pace.
import type { ServerResponse } from 'node:http';
import { pack } from '../files/archive/pack.ts';
import { written } from './drained.ts';

export async function sendArchive(folder: string, gzip: boolean, response: ServerResponse): Promise<void> {
  const { bytes, ended, stop } = await pack(folder, gzip);
  response.once('close', stop);
  response.writeHead(200, { 'content-type': gzip ? 'application/gzip' : 'application/x-tar' });
  try {
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      if (response.destroyed) return;
      await written(response, chunk);
    }
    // A client must not take half an archive for the whole.
    if (await ended) response.end();
    else response.destroy();
  } finally {
    stop();
  }
}

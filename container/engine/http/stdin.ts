// A request body into a command's stdin: raw bytes of any size at the pace at which they are read, or JSON.
import type { IncomingMessage } from 'node:http';
import { StdinRequest } from '#protocol';
import type { CommandStdin } from '../command/stdin.ts';
import { readJson } from './body.ts';

export async function writeStdin(stdin: CommandStdin, request: IncomingMessage): Promise<void> {
  if (request.headers['content-type']?.startsWith('application/json')) {
    const { data, dataBase64, eof } = await readJson(request, StdinRequest);
    await stdin.write(dataBase64 === undefined ? Buffer.from(data ?? '') : Buffer.from(dataBase64, 'base64'));
    if (eof) await stdin.end();
    return;
  }
  let any = false;
  // A refusal must reach a client that still sends, so its connection is not torn down by leaving the loop.
  const chunks = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const chunk of chunks) {
    any = true;
    await stdin.write(chunk);
  }
  if (!any) await stdin.write(new Uint8Array(0));
}

// The bytes of one stream of a command without secret values. How many there are is not known before, so there are no
// ranges of them (RFC 9110, section 14.2, lets a server ignore `Range`).
import type { ServerResponse } from 'node:http';
import type { Command } from '../command/command.ts';
import type { StreamName } from '../log/label.ts';
import { unlabelStream } from '../log/unlabel.ts';
import { readMasked } from '../secrets/masked-lines.ts';
import { written } from './drained.ts';

export async function sendMaskedOutput(
  command: Command,
  stream: StreamName,
  response: ServerResponse,
): Promise<void> {
  const { log } = command;
  const lost = stream === 'stdout' ? log.head.stdoutBytes : log.head.stderrBytes;
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    ...(lost > 0 ? { 'holdfast-lost-bytes': lost } : {}),
  });
  const { size: end } = log;
  for (let at = log.head; !response.destroyed; ) {
    const { masks, ended } = command;
    const { lines, end: next } = readMasked({ log, masks, from: at, end, final: ended });
    if (next.offset === at.offset) break;
    at = next;
    const bytes = Buffer.allocUnsafe(lines.length);
    await written(response, bytes.subarray(0, unlabelStream(lines, stream, bytes, 0)));
  }
  response.end();
}

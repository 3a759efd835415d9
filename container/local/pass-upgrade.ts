// Passes an upgrade to a WebSocket on to the runtime behind the front door: bytes both ways once it was let in, the
// answer as it is where it was not. Whichever side ends, the other does.
import { type ClientRequest, type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * @param passed The same request, on its way and not yet ended.
 * @param refuse Answers where the runtime does not.
 */
export function passUpgrade(
  incoming: IncomingMessage,
  { client, head }: { client: Duplex; head: Buffer },
  passed: ClientRequest,
  refuse: (outgoing: ServerResponse) => void,
): void {
  client.on('error', () => client.destroy());
  client.once('close', () => passed.destroy());
  passed.once('upgrade', (answer, upstream, first) => {
    const { statusCode, statusMessage, rawHeaders } = answer;
    const lines = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1]}`] : []));
    client.write([`HTTP/1.1 ${statusCode} ${statusMessage}`, ...lines, '', ''].join('\r\n'));
    client.write(first);
    upstream.write(head);
    join(client, upstream);
    join(upstream, client);
  });
  passed.once('response', (answer) => {
    const outgoing = answerOn(client, incoming);
    outgoing.writeHead(answer.statusCode!, answer.statusMessage, answer.rawHeaders);
    answer.pipe(outgoing);
  });
  passed.once('error', () => {
    if (!client.destroyed) refuse(answerOn(client, incoming));
  });
  passed.end();
}

/** From one to the other, at the pace of the slower one. */
function join(from: Duplex, to: Duplex): void {
  from.pipe(to);
  from.on('error', () => to.destroy());
  from.once('close', () => to.destroy());
}

function answerOn(client: Duplex, incoming: IncomingMessage): ServerResponse {
  const outgoing = new ServerResponse(incoming);
  outgoing.shouldKeepAlive = false;
  outgoing.assignSocket(client as Socket);
  outgoing.once('finish', () => client.end());
  return outgoing;
}

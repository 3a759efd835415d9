// The port that clients connect to: passes every request to `wrangler dev`, and tells the Worker when a
// client left before its answer was over. The runtime cannot see that for itself here: it takes a closed
// connection for a half-closed one until it writes, and wrangler puts two of them in a row.
import { randomUUID } from 'node:crypto';
import {
  Agent,
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { BODY_END_HEADER, bodyMark, isSocketUpgrade, type PreviewTarget, previewOf } from '#protocol';
import { lastResponse, openTunnel } from '../engine/ports/tunnel.ts';

export interface Front {
  close(): Promise<void>;
}

const TOGETHER_MS = 3;
/** A little more than the largest JSON body. */
const KEPT_BYTES = 5 * 1024 * 1024;
/** The runtime closes a connection that was idle for 5 s, perhaps just as a request goes out on it. */
const IDLE_MS = 2_000;
/** Bodies of unknown length whose end must be known from a cut. */
const FILES = /^\/v1\/sandboxes\/[^/]+\/files(?:[/?]|$)/;
const SANDBOX = /^\/v1\/sandboxes\/([a-z0-9-]{1,63})\//;

/**
 * Listens on the loopback interface.
 *
 * @param port Where clients connect.
 * @param backend Where `wrangler dev` listens.
 * @param token Shared with the Worker, which believes nobody else's word about departures and request ids.
 */
export async function startFront(port: number, backend: number, token: string): Promise<Front> {
  const kept = new Agent({ keepAlive: true, timeout: IDLE_MS });
  // For what could not be sent once more where the connection turns out to be closed.
  const once = new Agent({ keepAlive: false });
  const to = { host: '127.0.0.1', port: backend };

  const server = createServer(
    { requestTimeout: 0, shouldUpgradeCallback: ({ headers }) => isSocketUpgrade(headers.upgrade) },
    (incoming, outgoing) => {
      const id = randomUUID();
      // The first is answered here already; for the second wrangler would compress what stays on this machine.
      const { expect: _, 'accept-encoding': __, ...headers } = incoming.headers;
      const body = new KeptBody(incoming);
      const mark = needsMark(incoming) ? bodyMark() : '';
      let passed: ClientRequest;
      const agent = isKeepable(incoming) ? kept : once;
      const pass = (again: boolean) => {
        const current = request({
          ...to,
          agent: again ? once : agent,
          method: incoming.method,
          path: incoming.url,
          headers: {
            ...headers,
            'x-holdfast-front': token,
            'x-request-id': id,
            ...(mark ? { [BODY_END_HEADER]: mark } : {}),
            ...(again ? { 'x-holdfast-again': '1' } : {}),
          },
        });
        const passAgain = () => {
          const bytes = again || outgoing.destroyed || outgoing.headersSent ? undefined : body.whole();
          if (bytes) pass(true).end(Buffer.concat([bytes, Buffer.from(mark)]));
          return bytes !== undefined;
        };
        current.once('response', (answer) => {
          if (lostInside(answer) && passAgain()) answer.resume();
          else passOn(answer, outgoing);
        });
        current.once('error', () => {
          if (!(current.reusedSocket && passAgain())) refuse(outgoing);
        });
        passed = current;
        return current;
      };
      // Not pipeline(): the answer may come, and be read, while the request's body still goes up.
      incoming.pipe(pass(false), { end: false });
      incoming.once('end', () => passed.end(mark));
      outgoing.once('close', () => {
        if (outgoing.writableFinished) return;
        passed.destroy();
        noteDeparture(incoming, id);
      });
    },
  );

  const upgraded = new Set<Duplex>();
  server.on('upgrade', (incoming, socket, head) => {
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
    const id = randomUUID();
    const outgoing = lastResponse(incoming, socket);
    const headers = { ...incoming.headers, 'x-holdfast-front': token, 'x-request-id': id };
    const passed = request({ ...to, agent: once, method: incoming.method, path: incoming.url, headers });
    passed.once('upgrade', (answer, upstream, upstreamHead) => {
      outgoing.detachSocket(socket as Socket);
      const backend = { socket: upstream, head: upstreamHead };
      openTunnel({ socket, head }, backend, answer.statusMessage ?? '', answer.rawHeaders);
    });
    passed.once('response', (answer) => passOn(answer, outgoing));
    passed.once('error', () => refuse(outgoing));
    outgoing.once('close', () => {
      if (outgoing.writableFinished) return;
      passed.destroy();
      noteDeparture(incoming, id);
    });
    passed.end();
  });

  /** By sandbox. Clients that leave together are told of together, or the first's end would let the next begin. */
  const departed = new Map<string, string[]>();

  function noteDeparture(incoming: IncomingMessage, id: string): void {
    const sandbox = previewed(incoming)?.sandbox ?? SANDBOX.exec(incoming.url ?? '')?.[1];
    if (!sandbox) return;
    const ids = departed.get(sandbox);
    if (ids) {
      ids.push(id);
      return;
    }
    departed.set(sandbox, [id]);
    setTimeout(() => tellDepartures(sandbox), TOGETHER_MS);
  }

  function tellDepartures(sandbox: string): void {
    const body = JSON.stringify(departed.get(sandbox));
    departed.delete(sandbox);
    const headers = { 'x-holdfast-front': token, 'content-length': Buffer.byteLength(body) };
    const told = request({ ...to, agent: once, method: 'POST', path: `/departed/${sandbox}`, headers });
    told.once('response', (answer) => answer.resume());
    told.once('error', (error) =>
      console.error('the Worker could not be told that a client left:', error.message),
    );
    told.end(body);
  }

  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', listening);
  });
  return {
    async close() {
      server.closeAllConnections();
      for (const client of upgraded) client.destroy();
      await new Promise((closed) => server.close(closed));
      kept.destroy();
      once.destroy();
    },
  };
}

/**
 * wrangler has two runtimes in a row, and the first sometimes sends a request on a kept connection that the
 * second is just closing. It answers that with a 500 of its own; the Worker's answers all carry an id. The
 * request is sent once more, marked, and the Worker refuses it if it has seen its id before.
 */
function lostInside(answer: IncomingMessage): boolean {
  return answer.statusCode === 500 && answer.headers['x-request-id'] === undefined;
}

/** What the host leads to where it is that of a preview. */
function previewed({ headers }: IncomingMessage): PreviewTarget | null | undefined {
  return previewOf((headers.host ?? '').replace(/:\d+$/, ''));
}

/** Whether its body, if it has one, is small enough to be sent again. */
function isKeepable({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) <= KEPT_BYTES;
}

/** Cut or whole is known here, and no longer behind the two runtimes. */
function needsMark(incoming: IncomingMessage): boolean {
  const { method, url, headers } = incoming;
  if (previewed(incoming)) return false;
  const isUpload = method === 'PUT' && FILES.test(url ?? '');
  return isUpload && headers['content-length'] === undefined && headers[BODY_END_HEADER] === undefined;
}

/** A request's body, kept while it is small enough to be sent again. */
class KeptBody {
  #chunks: Buffer[] | undefined = [];
  #size = 0;
  #ended = false;

  constructor(incoming: IncomingMessage) {
    incoming.on('data', (chunk: Buffer) => {
      this.#size += chunk.length;
      if (this.#size > KEPT_BYTES) this.#chunks = undefined;
      this.#chunks?.push(chunk);
    });
    incoming.once('end', () => {
      this.#ended = true;
    });
  }

  /** All of it; undefined when it is too large or not all here. */
  whole(): Buffer | undefined {
    return this.#ended && this.#chunks ? Buffer.concat(this.#chunks) : undefined;
  }
}

function passOn(answer: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.writeHead(answer.statusCode!, answer.statusMessage, answer.rawHeaders);
  outgoing.flushHeaders();
  answer.pipe(outgoing);
  // Broken off upstream: the client must not take what it has for the whole.
  answer.once('close', () => {
    if (!answer.complete) outgoing.destroy();
  });
}

function refuse(outgoing: ServerResponse): void {
  if (outgoing.headersSent || outgoing.destroyed) {
    outgoing.destroy();
    return;
  }
  outgoing.writeHead(503, { 'content-type': 'text/plain', 'retry-after': '1' });
  outgoing.end('The local runtime does not answer; it may be restarting.\n');
}

// The door in front of `wrangler dev`: what was lost behind it is sent once more, and nothing else is.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { availablePort } from '../../container/local/free-port.ts';
import { startFront } from '../../container/local/front.ts';
import { target } from './harness/api.ts';

interface Seen {
  body: string;
  id: string | undefined;
  again: boolean;
}

/** A backend that answers the first request with `status` and no id of its own, as wrangler does, or with one. */
async function withBackend(
  status: number,
  ownId: boolean,
  act: (url: string) => Promise<void>,
): Promise<Seen[]> {
  const seen: Seen[] = [];
  const backend = createServer(async (request, response) => {
    const id = request.headers['x-request-id'] as string;
    seen.push({ body: await text(request), id, again: request.headers['x-holdfast-again'] === '1' });
    const first = seen.length === 1;
    response.writeHead(first ? status : 201, first && !ownId ? {} : { 'x-request-id': id });
    response.end(first ? 'Error: Network connection lost.' : 'made');
  });
  return await behindFront(backend, seen, act);
}

async function behindFront(
  backend: Server,
  seen: Seen[],
  act: (url: string) => Promise<void>,
): Promise<Seen[]> {
  await new Promise<void>((listening) => backend.listen(0, '127.0.0.1', listening));
  const port = await availablePort(0);
  const front = await startFront(port, (backend.address() as AddressInfo).port, 'token');
  try {
    await act(`http://127.0.0.1:${port}/v1/sandboxes/demo/sessions`);
  } finally {
    await front.close();
    backend.closeAllConnections();
    backend.close();
  }
  return seen;
}

/** A backend whose `nth` request finds its connection closed in the place of an answer. */
async function withClosing(nth: number, act: (url: string) => Promise<void>): Promise<Seen[]> {
  const seen: Seen[] = [];
  const backend = createServer(async (request, response) => {
    const id = request.headers['x-request-id'] as string;
    seen.push({ body: await text(request), id, again: request.headers['x-holdfast-again'] === '1' });
    if (seen.length === nth) return request.socket.destroy();
    response.writeHead(201, { 'x-request-id': id });
    response.end('made');
  });
  return await behindFront(backend, seen, act);
}

const post = (url: string) => fetch(url, { method: 'POST', body: '{"id":"a"}' });

test.skipIf(target.name !== 'embedded')(
  'a request that was lost inside wrangler is sent again, whole, marked and with its id (embedded only: it needs no other target)',
  async () => {
    const seen = await withBackend(500, false, async (url) => {
      const answer = await post(url);
      expect([answer.status, await answer.text()]).toEqual([201, 'made']);
    });
    expect(seen.map(({ body, again }) => [body, again])).toEqual([
      ['{"id":"a"}', false],
      ['{"id":"a"}', true],
    ]);
    expect(seen[1]!.id).toBe(seen[0]!.id);
  },
);

test.skipIf(target.name !== 'embedded')(
  'an answer of the Worker itself is passed on, whatever it is (embedded only: it needs no other target)',
  async () => {
    const seen = await withBackend(500, true, async (url) => expect((await post(url)).status).toBe(500));
    expect(seen).toHaveLength(1);
  },
);

test.skipIf(target.name !== 'embedded')(
  'a request that found its kept connection closed is sent again, marked (embedded only: it needs no other target)',
  async () => {
    const seen = await withClosing(2, async (url) => {
      for (let call = 1; call <= 2; call += 1) {
        const answer = await post(url);
        expect([answer.status, await answer.text()]).toEqual([201, 'made']);
      }
    });
    expect(seen.map(({ body, again }) => [body, again])).toEqual([
      ['{"id":"a"}', false],
      ['{"id":"a"}', false],
      ['{"id":"a"}', true],
    ]);
    expect(seen[2]!.id).toBe(seen[1]!.id);
  },
);

test.skipIf(target.name !== 'embedded')(
  'one that found a new connection closed is not sent again (embedded only: it needs no other target)',
  async () => {
    const seen = await withClosing(1, async (url) => expect((await post(url)).status).toBe(503));
    expect(seen).toHaveLength(1);
  },
);

// The loopback host: gives every sandbox a local container, an engine that it keeps alive. It ends them all with itself.
//   PUT    /sandboxes/{name}/         {env}     starts one, after the end of one that runs -> {port}
//   GET    /sandboxes/{name}/                   where it listens; 404 if it does not run -> {port}
//   GET    /sandboxes/{name}/end                answers when it is over         -> {exitCode}
//   POST   /sandboxes/{name}/signal   {signal}  sends it a signal by number     -> 204
//   DELETE /sandboxes/{name}/                   ends it and removes its files   -> 204
import { timingSafeEqual } from 'node:crypto';
import { mkdirSync, readdirSync, realpathSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { engineProgram } from './engine-program.ts';
import { LocalContainer } from './local-container.ts';
import { removeSandboxFolder } from './remove-sandbox-folder.ts';
import { killAllOf } from './sweep.ts';

export interface LocalHost {
  /** `http://127.0.0.1:{port}` */
  url: string;
  /** Ends every container and the host. */
  close(): Promise<void>;
}

interface Answer {
  status: number;
  body?: unknown;
}

const NAME = /^[a-z0-9-]{1,64}$/;
const PATH = /^\/sandboxes\/([a-z0-9-]{1,64})\/(end|signal)?$/;

/**
 * Starts the host on a free port of the loopback interface.
 *
 * @param folder Where sandboxes get their folders. What an earlier host left there, running or not, is removed:
 *   a container's disk is new with each start, and of its sandboxes none runs.
 * @param token Bearer token that every call must bring.
 * @example
 * const host = await startLocalHost('.holdfast/8787/sandboxes', crypto.randomUUID());
 * await host.close();
 */
export async function startLocalHost(folder: string, token: string): Promise<LocalHost> {
  mkdirSync(folder, { recursive: true });
  const root = realpathSync(folder);
  killAllOf(root);
  for (const name of readdirSync(root).filter((name) => NAME.test(name)))
    removeSandboxFolder(join(root, name));
  const containers = new Map<string, LocalContainer>();
  const program = await engineProgram();

  const server = createServer(async (request, response) => {
    const { status, body } = await answer(request).catch((error: Error) => ({
      status: 500,
      body: error.message,
    }));
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(status === 204 ? undefined : JSON.stringify(body ?? null));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));

  async function answer(request: IncomingMessage): Promise<Answer> {
    if (!sameText(request.headers.authorization ?? '', `Bearer ${token}`))
      return { status: 401, body: 'wrong token' };
    const [, name, action] = PATH.exec(request.url ?? '') ?? [];
    if (!name) return { status: 404, body: 'no such path' };
    const container = containers.get(name);
    const call = `${request.method} ${action ?? ''}`;
    if (call === 'PUT ') return start(name, await envOf(request));
    if (call === 'DELETE ') {
      await container?.destroy();
      return { status: 204 };
    }
    if (!container) return { status: 404, body: 'it does not run' };
    if (call === 'GET ') return { status: 200, body: { port: await container.port } };
    if (call === 'GET end') return { status: 200, body: { exitCode: await container.ended } };
    if (call !== 'POST signal') return { status: 404, body: 'no such call' };
    container.signal((JSON.parse(await text(request)) as { signal: number }).signal);
    return { status: 204 };
  }

  async function start(name: string, env: Record<string, string>): Promise<Answer> {
    // Whoever starts one has forgotten that one, and nobody else will end it.
    for (let old = containers.get(name); old; old = containers.get(name)) await old.destroy();
    const container = new LocalContainer(join(root, name), env, program);
    containers.set(name, container);
    container.ended.then(() => containers.delete(name));
    return { status: 201, body: { port: await container.port } };
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      await Promise.all([...containers.values()].map((container) => container.destroy()));
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

async function envOf(request: IncomingMessage): Promise<Record<string, string>> {
  return (JSON.parse(await text(request)) as { env: Record<string, string> }).env;
}

function sameText(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

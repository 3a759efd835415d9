// The loopback host: gives every sandbox an engine process in the place of a container. It ends them all with itself.
//   PUT    /sandboxes/{name}/         {env}     starts one; 409 if it runs      -> {port}
//   GET    /sandboxes/{name}/                   where it listens; 404 if it does not run -> {port}
//   GET    /sandboxes/{name}/end                answers when it ended           -> {exitCode}
//   POST   /sandboxes/{name}/signal   {signal}  sends it a signal by number     -> 204
//   DELETE /sandboxes/{name}/                   ends it and removes its files   -> 204
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { EngineProcess } from './engine-process.ts';
import { killAllOf } from './sweep.ts';

export interface LocalHost {
  /** `http://127.0.0.1:{port}` */
  url: string;
  /** Ends every engine and the host. */
  close(): Promise<void>;
}

interface Answer {
  status: number;
  body?: unknown;
}

const PATH = /^\/sandboxes\/([a-z0-9-]{1,64})\/(end|signal)?$/;

/**
 * Starts the host on a free port of the loopback interface.
 *
 * @param folder Where sandboxes get their folders; what an earlier host left running there is ended.
 * @param token Bearer token that every call must bring.
 * @example
 * const host = await startLocalHost('.holdfast/8787/sandboxes', crypto.randomUUID());
 * await host.close();
 */
export async function startLocalHost(folder: string, token: string): Promise<LocalHost> {
  const root = resolve(folder);
  killAllOf(root);
  const engines = new Map<string, EngineProcess>();

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
    const engine = engines.get(name);
    const call = `${request.method} ${action ?? ''}`;
    if (call === 'PUT ') return engine ? { status: 409, body: 'it runs' } : start(name, await envOf(request));
    if (call === 'DELETE ') {
      await engine?.destroy();
      return { status: 204 };
    }
    if (!engine) return { status: 404, body: 'it does not run' };
    if (call === 'GET ') return { status: 200, body: { port: await engine.port } };
    if (call === 'GET end') return { status: 200, body: { exitCode: await engine.ended } };
    if (call !== 'POST signal') return { status: 404, body: 'no such call' };
    engine.signal((JSON.parse(await text(request)) as { signal: number }).signal);
    return { status: 204 };
  }

  async function start(name: string, env: Record<string, string>): Promise<Answer> {
    const engine = new EngineProcess(join(root, name), env);
    engines.set(name, engine);
    engine.ended.then(() => engines.delete(name));
    return { status: 201, body: { port: await engine.port } };
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      await Promise.all([...engines.values()].map((engine) => engine.destroy()));
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

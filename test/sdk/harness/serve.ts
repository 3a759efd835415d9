// A real HTTP server on loopback that answers as the test says and remembers what it was asked.
// It ends with the test.
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Asked {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Served {
  url: string;
  /** Every request so far, in order. */
  asked: Asked[];
}

/** `nth` is 0 for the first request. */
export type Answer = (res: ServerResponse, asked: Asked, nth: number) => void;

export async function serve(answer: Answer): Promise<Served> {
  const asked: Asked[] = [];
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString('latin1');
    const request = { method: req.method!, path: req.url!, headers: req.headers, body };
    answer(res, request, asked.push(request) - 1);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** Answers with JSON. */
export function sendJson(res: ServerResponse, status: number, value: unknown, headers = {}): void {
  res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
}

/** Answers with one of Holdfast's errors. */
export function sendError(res: ServerResponse, status: number, code: string, headers = {}): void {
  const error = { code, message: `the server says ${code}`, retryable: false, requestId: 'r1' };
  sendJson(res, status, { error }, headers);
}

/** How an answer breaks: the connection is torn, or ends as if all had been said. */
export type Cut = 'torn' | 'ended';

/** Sends the first `count` bytes of a body, then breaks off. */
export function sendCut(
  res: ServerResponse,
  contentType: string,
  body: Uint8Array,
  count: number,
  how: Cut,
): void {
  res.writeHead(200, { 'content-type': contentType });
  res.flushHeaders();
  const breakOff = () => (how === 'torn' ? res.socket?.destroy() : res.end());
  if (count === 0) setImmediate(breakOff);
  else res.write(body.subarray(0, count), breakOff);
}

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

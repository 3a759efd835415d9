// The server of test/e2e/fixtures, run in the sandbox as a process of a session.
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { api } from './api.ts';
import { startProcess, type TestProcess } from './process.ts';
import type { TestSession } from './session.ts';

const SOURCE = readFileSync(new URL('../fixtures/port-server.mjs', import.meta.url), 'utf8');

export interface PortServer {
  port: number;
  process: TestProcess;
}

export async function startServer(session: TestSession, address = '127.0.0.1'): Promise<PortServer> {
  const path = `/tmp/port-server-${crypto.randomUUID()}.mjs`;
  const written = await api('PUT', `/files?path=${path}`, SOURCE);
  expect(written.status, JSON.stringify(written.body)).toBe(201);
  const process = await startProcess(session, `node ${path} 0 ${address}`);
  const { text } = await process.readUntil('\n');
  expect((await api('DELETE', `/files?path=${path}`)).status).toBe(204);
  return { port: Number(/listening (\d+)/.exec(text)?.[1]), process };
}

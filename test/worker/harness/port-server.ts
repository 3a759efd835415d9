// The server of test/e2e/fixtures, run in a sandbox; requests to preview URLs of it.
import { SELF } from 'cloudflare:test';
import type { OutputPage, Preview, ProcessInfo } from '#protocol';
import source from '../../e2e/fixtures/port-server.mjs?raw';
import type { TestSandbox } from './generations.ts';

/** Starts it and answers with its port. */
export async function startServer(sandbox: TestSandbox): Promise<number> {
  const path = `/tmp/${sandbox.name}-${crypto.randomUUID()}.mjs`;
  await sandbox.call(`/files?path=${path}`, { method: 'PUT', body: source });
  const started = await sandbox.call('/processes', { body: { command: `node ${path}` } });
  const { id } = await started.json<ProcessInfo>();
  const page = await sandbox.call(`/processes/${id}/output?waitMs=10000`);
  const { chunks } = await page.json<OutputPage>();
  await sandbox.call(`/files?path=${path}`, { method: 'DELETE' });
  return Number(/listening (\d+)/.exec(chunks[0]?.data ?? '')?.[1]);
}

/** Exposes a port; fails where that is refused. */
export async function preview(sandbox: TestSandbox, port: number, more: object = {}): Promise<Preview> {
  const response = await sandbox.call('/previews', { body: { port, ...more } });
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  return response.json();
}

/** Asks without any credential, as a browser would. */
export const visit = (url: string, init: RequestInit = {}) =>
  SELF.fetch(url, { redirect: 'manual', ...init });

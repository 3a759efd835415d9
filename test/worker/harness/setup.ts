// Starts the loopback host for the whole run, outside workerd.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startLocalHost } from '../../../container/local/host.ts';

declare module 'vitest' {
  interface ProvidedContext {
    localHost: { url: string; token: string };
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-worker-'));
  const token = crypto.randomUUID();
  const host = await startLocalHost(folder, token);
  project.provide('localHost', { url: host.url, token });
  return async () => {
    await host.close();
    rmSync(folder, { recursive: true, force: true });
  };
}

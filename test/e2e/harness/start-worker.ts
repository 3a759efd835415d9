// Worker, Durable Object and container, by the very program that a user starts.
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { startProgram } from './program.ts';
import type { Target, TargetName } from './target.ts';

/** The first start of the real image builds it. */
const READY_MS = 300_000;

export async function startWorker(
  name: TargetName,
  script: string,
): Promise<{ target: Target; stop: () => Promise<void> }> {
  const port = await freePort();
  const key = crypto.randomUUID();
  const program = startProgram(script, { PORT: String(port), HOLDFAST_API_KEY: key });
  const origin = `http://127.0.0.1:${port}`;
  // A new sandbox for each run of the tests, so that nothing is left of the one before.
  const target: Target = {
    name,
    url: `${origin}/v1/sandboxes/e2e-${crypto.randomUUID().slice(0, 8)}`,
    origin,
    headers: { authorization: `Bearer ${key}` },
  };
  const stop = async () => {
    await program.stop();
    // What these programs keep between starts is kept per port; nobody will use this one again.
    const kept = new URL(`../../../.holdfast/${port}`, import.meta.url);
    rmSync(fileURLToPath(kept), { recursive: true, force: true });
  };
  try {
    await ready(target, Date.now() + READY_MS, () => program.child.exitCode !== null);
  } catch (error) {
    await stop();
    throw new Error(`${(error as Error).message}\n${program.tail()}`);
  }
  return { target, stop };
}

/** Until the sandbox lists its sessions: Worker, Durable Object and engine are all up then. */
async function ready(target: Target, deadline: number, ended: () => boolean): Promise<void> {
  let last = 'nothing answered';
  while (Date.now() < deadline) {
    if (ended()) throw new Error('the program ended before it was ready');
    try {
      const response = await fetch(`${target.url}/sessions`, { headers: target.headers });
      if (response.ok) return;
      last = `${response.status} ${await response.text()}`;
    } catch (error) {
      last = String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`the sandbox was not ready in ${READY_MS} ms: ${last}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

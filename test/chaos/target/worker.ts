// Worker, Durable Object and engine, by the program that a user starts: `npm start` or `npm run dev`.
import { randomUUID } from 'node:crypto';
import { rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { availablePort } from '../../../container/local/free-port.ts';
import { Holdfast } from '../../../sdk/index.ts';
import { startProgram } from '../../e2e/harness/program.ts';
import { dockerContainer, localContainer } from './container.ts';
import { isEngine, kill } from './processes.ts';
import { type FaultName, PATIENT, type Target } from './target.ts';

const ROOT = join(import.meta.dirname, '../../..');
const SCRIPTS = { embedded: 'container/local/start.ts', docker: 'container/local/dev.ts' } as const;
/** The first start of the real image builds it. */
const READY_MS = 300_000;
/** What `wrangler dev` takes to see that a file changed and to start the Worker anew. */
const RELOAD_MS = 1_000;
const SUPPORTED: readonly FaultName[] = [
  'connection',
  'reader',
  'shell',
  'process',
  'pause',
  'engine',
  'container',
  'terminate',
  'object',
];

export async function startWorkerTarget(name: 'embedded' | 'docker'): Promise<Target> {
  const port = await availablePort(0);
  const apiKey = randomUUID();
  const sandbox = `chaos-${randomUUID().slice(0, 8)}`;
  const program = startProgram(SCRIPTS[name], { PORT: String(port), HOLDFAST_API_KEY: apiKey });
  const origin = `http://127.0.0.1:${port}`;
  const url = `${origin}/v1/sandboxes/${sandbox}`;
  const headers = { authorization: `Bearer ${apiKey}` };
  const kept = join(ROOT, '.holdfast', String(port));
  const container = name === 'embedded' ? localContainer(kept) : dockerContainer(kept);
  const { processes } = container;
  const stop = async () => {
    for (const { pid } of processes().filter(isEngine)) kill(pid, 'SIGCONT');
    await program.stop();
    rmSync(kept, { recursive: true, force: true });
  };

  const deadline = Date.now() + READY_MS;
  while (!(await answers(`${url}/sessions`, headers))) {
    if (program.child.exitCode === null && Date.now() < deadline) {
      await sleep(100);
      continue;
    }
    const tail = program.tail();
    await stop();
    throw new Error(`${SCRIPTS[name]} was not ready:\n${tail}`);
  }

  return {
    name,
    url,
    headers,
    supports: SUPPORTED,
    sdk: (over) => new Holdfast({ url: origin, apiKey, fetch: over, retry: PATIENT }).sandbox(sandbox),
    processes,
    folders: () => [],
    keepsFiles: name === 'embedded',
    loseContainer: () => container.signal('SIGKILL'),
    terminateEngine: () => container.signal('SIGTERM'),
    resetObject: reload,
    tail: () => program.tail(),
    stop,
  };
}

async function answers(url: string, headers: Record<string, string>): Promise<boolean> {
  try {
    return (await fetch(url, { headers })).ok;
  } catch {
    return false;
  }
}

/**
 * What a deploy does to every Durable Object: `wrangler dev` starts the Worker anew when one of its files changes, and
 * the time of its last change is enough.
 */
async function reload(): Promise<void> {
  const now = new Date();
  utimesSync(join(ROOT, 'worker/index.ts'), now, now);
  await sleep(RELOAD_MS);
}

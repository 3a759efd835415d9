// Worker, Durable Object and engine, by the program that a user starts: `npm start` or `npm run dev`.
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { availablePort } from '../../../container/local/free-port.ts';
import { Holdfast } from '../../../sdk/index.ts';
import { startProgram } from '../../e2e/harness/program.ts';
import { isEngine, kill, namespaceOf, processesWhere, type SeenProcess } from './processes.ts';
import type { FaultName, Target } from './target.ts';

const ROOT = join(import.meta.dirname, '../../..');
const SCRIPTS = { embedded: 'container/local/start.ts', docker: 'container/local/dev.ts' } as const;
/** The first start of the real image builds it. */
const READY_MS = 300_000;

export async function startWorkerTarget(name: 'embedded' | 'docker'): Promise<Target> {
  const port = await availablePort(0);
  const apiKey = randomUUID();
  const sandbox = `chaos-${randomUUID().slice(0, 8)}`;
  const program = startProgram(SCRIPTS[name], { PORT: String(port), HOLDFAST_API_KEY: apiKey });
  const origin = `http://127.0.0.1:${port}`;
  const url = `${origin}/v1/sandboxes/${sandbox}`;
  const headers = { authorization: `Bearer ${apiKey}` };
  const kept = join(ROOT, '.holdfast', String(port));
  const stop = async () => {
    for (const { pid } of processes().filter(isEngine)) kill(pid, 'SIGCONT');
    await program.stop();
    rmSync(kept, { recursive: true, force: true });
  };
  const processes =
    name === 'embedded' ? () => processesUnder(join(kept, 'sandboxes')) : () => containerOf(apiKey);

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

  const supports: FaultName[] = ['connection', 'reader', 'shell', 'process', 'pause', 'engine', 'container'];
  return {
    name,
    url,
    headers,
    supports,
    sdk: (over) => new Holdfast({ url: origin, apiKey, fetch: over }).sandbox(sandbox),
    processes,
    folders: () => [],
    keepsFiles: name === 'embedded',
    loseContainer: async () => {
      for (const { pid } of processes()) kill(pid, 'SIGKILL');
    },
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

/** The local host marks all that runs in a sandbox with the sandbox's folder. */
function processesUnder(folder: string): SeenProcess[] {
  return processesWhere(({ env }) =>
    `${env.get('CLOUDFLARE_LOCAL_SANDBOX') ?? ''}/`.startsWith(`${folder}/`),
  );
}

/** All processes of the containers' pid namespaces. */
function containerOf(_: string): SeenProcess[] {
  const ids = spawnSync('docker', ['ps', '-q'], { encoding: 'utf8' })
    .stdout.trim()
    .split('\n')
    .filter(Boolean);
  const pids = spawnSync('docker', ['inspect', '-f', '{{.State.Pid}}', ...ids], { encoding: 'utf8' }).stdout;
  const spaces = new Set(
    pids
      .trim()
      .split('\n')
      .map((pid) => namespaceOf(Number(pid))),
  );
  return processesWhere(({ pid }) => spaces.has(namespaceOf(pid)));
}

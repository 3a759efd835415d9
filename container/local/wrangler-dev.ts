// `wrangler dev` as a child: quiet while it works, its whole output shown when it fails, ended by its process group.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WRANGLER = join(ROOT, 'node_modules/wrangler/bin/wrangler.js');
const END_WITH_PARENT = new URL('end-with-parent.ts', import.meta.url).href;
/** SIGTERM lets it end workerd and its containers. */
const GRACE_MS = 10_000;
/** Output kept to be shown on a failure, in characters. */
const KEPT = 20_000;
/**
 * wrangler's own account of each request: a span for every call and query in a database of its own (20 writes and
 * 2 syncs for the smallest request, three times that for a command), and a line of log that is a request more.
 */
const WITHOUT_TRACES = { X_LOCAL_OBSERVABILITY: 'false', X_LOCAL_EXPLORER: 'false', WRANGLER_LOG: 'warn' };

export interface WranglerDev {
  /** Resolves when the Worker answers; rejects with wrangler's output when it ended before. */
  ready: Promise<void>;
  /** Resolves with its exit code. */
  ended: Promise<number>;
  /** The end of what it printed. */
  output(): string;
  stop(): Promise<void>;
}

/**
 * Starts `wrangler dev` on the loopback interface.
 *
 * @param folder For its local storage and for a file with the variables, which hold secrets and so
 *   must not be among its arguments.
 */
export function startWranglerDev(
  port: number,
  folder: string,
  { vars, args, verbose }: { vars: Record<string, string>; args: string[]; verbose: boolean },
): WranglerDev {
  mkdirSync(folder, { recursive: true });
  const envFile = join(folder, 'vars.env');
  writeFileSync(
    envFile,
    Object.entries(vars)
      .map(([name, value]) => `${name}="${value}"\n`)
      .join(''),
    { mode: 0o600 },
  );
  const child = spawn(
    process.execPath,
    // biome-ignore format: a command line
    ['--import', END_WITH_PARENT, WRANGLER, 'dev', '--ip', '127.0.0.1', '--port', String(port), '--inspector-port', '0',
      '--persist-to', join(folder, 'state'), '--env-file', envFile,
      '--show-interactive-dev-session=false', ...args],
    {
      cwd: ROOT,
      detached: true,
      // The channel is there to break when we are gone.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...WITHOUT_TRACES, ...process.env, WRANGLER_SEND_METRICS: 'false', CI: '1' },
    },
  );
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-KEPT);
      if (verbose) process.stderr.write(text);
    });
  }
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  return {
    ended,
    output: () => output,
    ready: Promise.race([
      answers(`http://127.0.0.1:${port}/health`, child),
      ended.then(() => Promise.reject(new Error(`wrangler ended before the Worker answered:\n${output}`))),
    ]),
    stop: () => stop(child, ended),
  };
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    try {
      if ((await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok) return;
    } catch {
      // Nobody listens yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function stop(child: ChildProcess, ended: Promise<number>): Promise<void> {
  child.kill('SIGTERM');
  const killer = setTimeout(() => killGroup(child), GRACE_MS);
  await ended;
  clearTimeout(killer);
  // workerd, should wrangler have left it behind.
  killGroup(child);
}

function killGroup(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, 'SIGKILL');
  } catch {
    // The group is empty: all ended.
  }
}

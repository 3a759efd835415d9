// A headless Chromium, driven over the DevTools protocol. It ends with all its processes when it is closed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const CHROMIUM = '/usr/bin/chromium';

export const hasBrowser = existsSync(CHROMIUM);

export interface Page {
  /** What the expression comes to in the page; undefined where it throws, as while the page loads. */
  evaluate<T>(expression: string): Promise<T | undefined>;
}

export interface Browser {
  open(url: string): Promise<Page>;
  close(): Promise<void>;
}

interface Answer {
  id?: number;
  result?: Record<string, unknown>;
  error?: { message: string };
}

export async function startBrowser(): Promise<Browser> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-browser-'));
  const child = spawn(
    CHROMIUM,
    // biome-ignore format: a command line
    ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--no-first-run', `--user-data-dir=${folder}`, '--remote-debugging-port=0', 'about:blank'],
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  );
  const exited = once(child, 'exit');
  let address: string | undefined;
  for await (const line of createInterface({ input: child.stderr })) {
    address = /^DevTools listening on (\S+)/.exec(line)?.[1];
    if (address) break;
  }
  child.stderr.resume();
  const end = async () => {
    process.kill(-child.pid!, 'SIGKILL');
    await exited;
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
  if (address === undefined) {
    await end();
    throw new Error('Chromium ended before it listened');
  }
  const devTools = new WebSocket(address);
  await once(devTools, 'open');
  const waiting = new Map<number, (answer: Answer) => void>();
  devTools.addEventListener('message', ({ data }) => {
    const answer = JSON.parse(data as string) as Answer;
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer);
  });
  let asked = 0;
  const ask = async <T>(method: string, params: object, sessionId?: string): Promise<T> => {
    const id = ++asked;
    const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve));
    devTools.send(JSON.stringify({ id, method, params, sessionId }));
    const { result, error } = await answered;
    waiting.delete(id);
    if (error) throw new Error(`${method}: ${error.message}`);
    return result as T;
  };
  return {
    async open(url) {
      const { targetId } = await ask<{ targetId: string }>('Target.createTarget', { url });
      const to = { targetId, flatten: true };
      const { sessionId } = await ask<{ sessionId: string }>('Target.attachToTarget', to);
      return {
        async evaluate<T>(expression: string) {
          const told = await ask<{ result: { value?: T }; exceptionDetails?: unknown }>(
            'Runtime.evaluate',
            { expression, returnByValue: true },
            sessionId,
          );
          return told.exceptionDetails ? undefined : told.result.value;
        },
      };
    },
    async close() {
      devTools.close();
      await end();
    },
  };
}

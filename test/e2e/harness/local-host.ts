// A loopback host of a test's own, asked as the Durable Object asks it, and the engines behind it.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type LocalHost, startLocalHost } from '../../../container/local/host.ts';
import { MARK } from '../../../container/local/sweep.ts';
import { enginePidOf, printOf } from './ask-engine.ts';

const TOKEN = 'of-the-engine';

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-host-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Processes that belong to a sandbox of this folder. */
export function processesOf(folder: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter(
      (pid) => Number.isInteger(pid) && pid !== process.pid && environOf(pid).includes(`${MARK}=${folder}`),
    );
}

/** Whether it runs; a zombie does not. */
export function isAlive(pid: number): boolean {
  return environOf(pid) !== '';
}

function environOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return ''; // gone meanwhile
  }
}

export class TestContainer {
  readonly port: number;
  readonly #ask: (method: string, path?: string, body?: unknown) => Promise<Response>;

  constructor(port: number, ask: TestContainer['ask']) {
    this.port = port;
    this.#ask = ask;
  }

  ask(method: string, path = '', body?: unknown): Promise<Response> {
    return this.#ask(method, path, body);
  }

  /** What a command prints; undefined where the engine does not answer. */
  print(command: string): Promise<string | undefined> {
    return printOf(`http://127.0.0.1:${this.port}`, command, TOKEN);
  }

  /** The process of its engine; undefined where it does not answer. */
  enginePid(): Promise<number | undefined> {
    return enginePidOf(`http://127.0.0.1:${this.port}`, TOKEN);
  }

  /** The container's exit code, once it is over. */
  async end(): Promise<number> {
    return ((await (await this.ask('GET', 'end')).json()) as { exitCode: number }).exitCode;
  }
}

export async function startHost(folder: string): Promise<{
  host: LocalHost;
  start(name: string, env?: Record<string, string>): Promise<TestContainer>;
  ask(name: string, method: string, path?: string, body?: unknown): Promise<Response>;
}> {
  const token = crypto.randomUUID();
  const host = await startLocalHost(folder, token);
  onTestFinished(() => host.close());
  const ask = (name: string, method: string, path = '', body?: unknown) =>
    fetch(`${host.url}/sandboxes/${name}/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  return {
    host,
    ask,
    async start(name, env = {}) {
      const answer = await ask(name, 'PUT', '', { env: { HOLDFAST_ENGINE_TOKEN: TOKEN, ...env } });
      if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
      const { port } = (await answer.json()) as { port: number };
      return new TestContainer(port, (...call) => ask(name, ...call));
    },
  };
}

// An engine of a test's own, which the test kills and starts again in the same folder, as a supervisor would.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { CommandInfo, ExecResult, OutputPage, ProcessInfo } from '#protocol';
import { type Program, startProgram } from './program.ts';
import { until } from './until.ts';

export class MortalEngine {
  readonly folder = mkdtempSync(join(tmpdir(), 'holdfast-mortal-'));
  #program: Program | undefined;
  #port = 0;
  readonly #env: Record<string, string>;

  private constructor(env: Record<string, string>) {
    this.#env = env;
  }

  static async start(env: Record<string, string> = {}): Promise<MortalEngine> {
    const engine = new MortalEngine(env);
    await engine.start();
    return engine;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get pid(): number {
    return this.#program!.pid;
  }

  get stateFolder(): string {
    return join(this.folder, 'state');
  }

  async start(): Promise<void> {
    this.#program = startProgram('container/engine/main.ts', {
      PORT: String(this.#port),
      HOLDFAST_STATE_DIR: this.stateFolder,
      HOLDFAST_WORKDIR: this.folder,
      ...this.#env,
    });
    const line = await this.#program.line((text) => text.startsWith('{"listening"'));
    this.#port = (JSON.parse(line) as { listening: { port: number } }).listening.port;
  }

  /** SIGKILL to the engine alone; resolves when it is gone. */
  async kill(): Promise<void> {
    const { child } = this.#program!;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    process.kill(this.pid, 'SIGKILL');
    await gone;
  }

  async killAndRestart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  async call<T = unknown>(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: T }> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json') && text !== '';
    return { status: response.status, body: (json ? JSON.parse(text) : text) as T };
  }

  async exec(session: string, command: string, more: Record<string, unknown> = {}): Promise<ExecResult> {
    const { status, body } = await this.call<ExecResult>('POST', `/sessions/${session}/exec`, {
      command,
      ...more,
    });
    expect(status, JSON.stringify(body)).toBe(200);
    return body;
  }

  /** Starts a foreground command that no client waits for, and resolves when it is in the table. */
  async begin(
    session: string,
    id: string,
    command: string,
    more: Record<string, unknown> = {},
  ): Promise<void> {
    const request = { command, id, disconnectGraceMs: null, ...more };
    void this.call('POST', `/sessions/${session}/exec`, request).catch(() => {});
    await until(async () => (await this.call('GET', `/commands/${id}`)).status === 200);
  }

  async process(id: string, command: string, more: Record<string, unknown> = {}): Promise<ProcessInfo> {
    const { status, body } = await this.call<ProcessInfo>('POST', '/processes', { id, command, ...more });
    expect(status, JSON.stringify(body)).toBe(201);
    return body;
  }

  /** A command when it has ended. */
  async ended(id: string): Promise<CommandInfo> {
    return until(async () => {
      const { body } = await this.call<CommandInfo>('GET', `/commands/${id}`);
      const last = body.mode === 'foreground' ? 'exited' : 'settled';
      return body.state === last || body.state === 'lost' ? body : undefined;
    }, 30_000);
  }

  async output(id: string, stream: 'stdout' | 'stderr' = 'stdout'): Promise<string> {
    return (await this.call<string>('GET', `/commands/${id}/output/${stream}`)).body;
  }

  async page(id: string, since = 0): Promise<OutputPage> {
    return (await this.call<OutputPage>('GET', `/processes/${id}/output?since=${since}&waitMs=5000`)).body;
  }

  async stop(): Promise<void> {
    await this.#program!.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

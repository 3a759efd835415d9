// An engine of a test's own, for what the shared one must not be told: other settings, another generation.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ExecResult, SavedSession, Sync } from '#protocol';
import { startProgram } from './program.ts';

export class OwnEngine {
  readonly url: string;
  readonly pid: number;
  readonly folder: string;
  readonly stop: () => Promise<void>;

  private constructor(port: number, pid: number, folder: string, stop: () => Promise<void>) {
    this.url = `http://127.0.0.1:${port}`;
    this.pid = pid;
    this.folder = folder;
    this.stop = stop;
  }

  /** Its state and its `work` folder are in a folder of their own, removed by `stop`. */
  static async start(env: Record<string, string> = {}): Promise<OwnEngine> {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-own-'));
    mkdirSync(join(folder, 'work'));
    const program = startProgram('container/engine/main.ts', {
      PORT: '0',
      HOLDFAST_STATE_DIR: join(folder, 'state'),
      HOLDFAST_WORKDIR: join(folder, 'work'),
      ...env,
    });
    const line = await program.line((text) => text.startsWith('{"listening"'));
    const { listening } = JSON.parse(line) as { listening: { port: number } };
    return new OwnEngine(listening.port, program.pid, folder, async () => {
      await program.stop();
      rmSync(folder, { recursive: true, force: true });
    });
  }

  /** A body that is no string is sent as JSON. */
  async call<T>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }> {
    const raw = typeof body === 'string' ? body : JSON.stringify(body);
    const init = body === undefined ? { method } : { method, body: raw };
    const answer = await fetch(`${this.url}${path}`, init);
    const text = await answer.text();
    return { status: answer.status, body: (text === '' ? undefined : JSON.parse(text)) as T };
  }

  async exec(session: string, command: string, more: Record<string, unknown> = {}): Promise<ExecResult> {
    const { status, body } = await this.call<ExecResult>('POST', `/sessions/${session}/exec`, {
      command,
      ...more,
    });
    expect(status, JSON.stringify(body)).toBe(200);
    return body;
  }

  async sync(): Promise<Sync> {
    return (await this.call<Sync>('POST', '/sync', {})).body;
  }

  async save(session: string): Promise<SavedSession> {
    const { status, body } = await this.call<SavedSession>('GET', `/sessions/${session}/checkpoint`);
    expect(status, JSON.stringify(body)).toBe(200);
    return body;
  }
}

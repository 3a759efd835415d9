// A session of its own for every test, deleted after it with all that still runs there.

import { test as base, expect } from 'vitest';
import { type ExecRequest, ExecResult, type SessionInfo } from '#protocol';
import { api, type CallOptions } from './api.ts';
import { type Collected, collect, stream } from './events.ts';

export type ExecOptions = Partial<Omit<ExecRequest, 'command'>>;

export class TestSession {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  /** The result as JSON; fails the test on any answer but 200. */
  async exec(command: string, options: ExecOptions = {}, call: CallOptions = {}): Promise<ExecResult> {
    const answer = await api('POST', `/sessions/${this.id}/exec`, { command, ...options }, call);
    // An error after the headers were sent comes with status 200 and says so in its body.
    const failed = answer.status !== 200 || Object.hasOwn(answer.body as object, 'error');
    if (failed) expect.fail(`${command.slice(0, 200)}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return ExecResult.parse(answer.body);
  }

  /** The whole stream. */
  async stream(command: string, options: ExecOptions = {}): Promise<Collected> {
    return collect(await stream(this.id, { command, ...options }));
  }

  async info(): Promise<SessionInfo> {
    return (await api<SessionInfo>('GET', `/sessions/${this.id}`)).body;
  }

  /** SIGINT to what runs; the id of the command that it reached. */
  async interrupt(): Promise<string | null> {
    const { body } = await api<{ commandId: string | null }>('POST', `/sessions/${this.id}/interrupt`);
    return body.commandId;
  }

  async delete(): Promise<void> {
    await api('DELETE', `/sessions/${this.id}`);
  }
}

export async function createSession(body: Record<string, unknown> = {}): Promise<TestSession> {
  const answer = await api<SessionInfo>('POST', '/sessions', body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return new TestSession(answer.body.id);
}

/** A folder that is there in the sandbox, wherever that runs. */
async function makeFolder(session: TestSession): Promise<string> {
  return (await session.exec('mktemp -d')).stdout.trim();
}

interface Fixtures {
  session: TestSession;
  /** A second session beside it. */
  other: TestSession;
  /** An empty folder, removed afterwards. */
  folder: string;
}

/**
 * @example
 * test('a variable is there in the next call', async ({ session }) => {
 *   await session.exec('x=1');
 *   expect((await session.exec('echo $x')).stdout).toBe('1\n');
 * });
 */
export const test = base.extend<Fixtures>({
  session: async ({ task: _ }, use) => {
    const session = await createSession();
    await use(session);
    await session.delete();
  },
  other: async ({ task: _ }, use) => {
    const session = await createSession();
    await use(session);
    await session.delete();
  },
  folder: async ({ task: _ }, use) => {
    const session = await createSession();
    const folder = await makeFolder(session);
    await use(folder);
    await session.exec('rm -rf -- "$folder"', { env: { folder } });
    await session.delete();
  },
});

/** Bytes of a result's stream, whether they came as text or as base64. */
export function resultBytes(result: ExecResult, name: 'stdout' | 'stderr'): Buffer {
  const base64 = name === 'stdout' ? result.stdoutBase64 : result.stderrBase64;
  return base64 === undefined ? Buffer.from(result[name]) : Buffer.from(base64, 'base64');
}

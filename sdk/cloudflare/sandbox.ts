// A sandbox under the names of `@cloudflare/sandbox`: its default session's calls, and what is the sandbox's own.

import type { DurableSandbox } from '../durable-sandbox.ts';
import type { PreviewInfo, PreviewRequest } from '../protocol/index.ts';
import { DEFAULT_SESSION, errorCode } from '../protocol/index.ts';
import { definedEnv } from './exec-options.ts';
import { ExecutionSession } from './session.ts';
import { exportText } from './set-env-vars.ts';

export interface SessionOptions {
  id?: string;
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** Of the commands that this handle runs, where they name no timeout. Milliseconds. */
  commandTimeoutMs?: number;
}

export interface SessionDeleteResult {
  success: true;
  sessionId: string;
  /** ISO 8601. */
  timestamp: string;
}

/**
 * What `getSandbox` gives.
 *
 * @example
 * const sandbox = getSandbox(env.Sandbox, 'user-123');
 * const { success, stdout } = await sandbox.exec('python3 -c "print(6 * 7)"');
 */
export class ISandbox extends ExecutionSession {
  constructor(holdfast: DurableSandbox) {
    super(holdfast, DEFAULT_SESSION);
  }

  /** Makes a session. Throws `SESSION_EXISTS`. */
  async createSession(options: SessionOptions = {}): Promise<ExecutionSession> {
    const { id, env, cwd, commandTimeoutMs } = options;
    const session = await this.holdfast.createSession({
      ...(id === undefined ? {} : { id }),
      ...(env === undefined ? {} : { env: definedEnv(env) }),
      ...(cwd === undefined ? {} : { cwd }),
    });
    return new ExecutionSession(this.holdfast, session.id, commandTimeoutMs);
  }

  /** A session by its id; whether it is there shows in its calls. */
  async getSession(id: string): Promise<ExecutionSession> {
    return new ExecutionSession(this.holdfast, id);
  }

  /** Ends a session and all that it runs. Throws `SESSION_NOT_FOUND`. */
  async deleteSession(id: string): Promise<SessionDeleteResult> {
    await this.holdfast.deleteSession(id);
    return { success: true, sessionId: id, timestamp: new Date().toISOString() };
  }

  /** Variables for the default session and all sessions to come, also in the next container; undefined removes one. */
  override async setEnvVars(vars: Record<string, string | undefined>): Promise<void> {
    exportText(vars);
    const env = Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, value ?? null]));
    await this.holdfast.update({ env });
    await super.setEnvVars(vars);
  }

  /** Gives a port a URL of its own. Each call makes another one, unless `token` says which. */
  exposePort(port: number, options: Omit<PreviewRequest, 'port'>) {
    return this.holdfast.exposePort(port, options);
  }

  /** Revokes the URLs of a port; one that has none is fine. */
  async unexposePort(port: number): Promise<void> {
    await this.holdfast.unexposePort(port).catch((error: unknown) => {
      if (errorCode(error) !== 'NOT_FOUND') throw error;
    });
  }

  /** The ports that have a URL. The URLs themselves are not kept, only hashes of their tokens. */
  async getExposedPorts(_hostname?: string): Promise<(PreviewInfo & { status: 'active' })[]> {
    return (await this.holdfast.getExposedPorts()).map((info) => ({ ...info, status: 'active' }));
  }

  /** Passes a client's WebSocket on to a server in the sandbox. */
  wsConnect(request: Request, port: number): Promise<Response> {
    return this.holdfast.wsConnect(request, port);
  }

  /** Never sleeps while true. */
  async setKeepAlive(keepAlive: boolean): Promise<void> {
    await this.holdfast.update({ keepAlive });
  }

  /** Idle time until it sleeps: seconds, or `'30s'`, `'10m'`, `'2h'`. */
  async setSleepAfter(sleepAfter: string | number): Promise<void> {
    await this.holdfast.update({ sleepAfter });
  }

  /** Ends the container and removes all that is kept about the sandbox. */
  destroy(): Promise<void> {
    return this.holdfast.destroy();
  }
}

// A sandbox whose Durable Object is there: it keeps settings, and can be asked about and ended.
import type {
  PatchSandboxRequest,
  Preview,
  PreviewInfo,
  PreviewRequest,
  SandboxInfo,
} from './protocol/index.ts';
import { Sandbox } from './sandbox.ts';

/**
 * What `getSandbox` gives: all that `Sandbox` has, and what the Durable Object keeps.
 *
 * @example
 * const sandbox = getSandbox(env.SANDBOX, 'agent-7');
 * await sandbox.update({ sleepAfter: '30m', env: { CI: '1' } });
 */
export class DurableSandbox extends Sandbox {
  /**
   * State, generation, settings and sessions, from storage alone: it wakes nothing. Throws
   * `SANDBOX_NOT_FOUND` for one that was never used.
   *
   * @example
   * const { state, settings } = await sandbox.info();
   */
  info(): Promise<SandboxInfo> {
    return this.connection.json({ method: 'GET', path: '', repeat: 'always' });
  }

  /**
   * Changes the durable settings that are given and keeps the others. `env` is for sessions that are
   * made later; null removes a name.
   *
   * @example
   * await sandbox.update({ env: { DEBUG: '1', OLD_NAME: null } });
   */
  update(settings: PatchSandboxRequest): Promise<SandboxInfo> {
    return this.connection.json({ method: 'PATCH', path: '', json: settings, repeat: 'always' });
  }

  /**
   * Ends the container and removes all that is kept about the sandbox. Safe to repeat.
   *
   * @example
   * await sandbox.destroy();
   */
  async destroy(): Promise<void> {
    await this.connection.json({ method: 'DELETE', path: '', repeat: 'always' });
  }

  /**
   * Gives a port of the sandbox a URL of its own, for whoever has the link: HTTP and WebSocket, no key. The URL comes
   * with this answer only. `token` (`[a-z0-9_]{1,26}`) in place of a random one makes a URL that stays the same, and
   * is as hard to guess as you made it. `hostname` is needed where the server has no `HOLDFAST_PREVIEW_HOST`.
   * `expiresInSeconds` is at most a year, absent is until it is revoked. With `wakes` a request wakes the sandbox.
   *
   * Throws `NAME_TOO_LONG` where sandbox, port and token are too long for a host name, `TOO_MANY_PREVIEWS`,
   * `FORBIDDEN` when the client has but a token.
   *
   * @example
   * const { url } = await sandbox.exposePort(5173, { name: 'dev server', expiresInSeconds: 3600 });
   */
  exposePort(port: number, options: Omit<PreviewRequest, 'port'> = {}): Promise<Preview> {
    const json = { ...options, port };
    return this.connection.json({ method: 'POST', path: '/previews', json, repeat: 'unstarted' });
  }

  /**
   * Revokes all preview URLs of a port and ends what is open through them. Throws `NOT_FOUND` where there is none.
   *
   * @example
   * await sandbox.unexposePort(5173);
   */
  async unexposePort(port: number): Promise<void> {
    const path = `/previews/${port}`;
    await this.connection.json({ method: 'DELETE', path, repeat: 'always', doneBefore: 'NOT_FOUND' });
  }

  /**
   * The previews of the sandbox, oldest first, without their URLs: tokens are kept as hashes. It wakes nothing.
   *
   * @example
   * const expiring = (await sandbox.getExposedPorts()).filter(({ expiresAt }) => expiresAt);
   */
  async getExposedPorts(): Promise<PreviewInfo[]> {
    const call = { method: 'GET', path: '/previews', repeat: 'always' } as const;
    return (await this.connection.json<{ previews: PreviewInfo[] }>(call)).previews;
  }
}

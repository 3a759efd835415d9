// A sandbox whose Durable Object is there: it keeps settings, and can be asked about and ended.
import type { PatchSandboxRequest, SandboxInfo } from './protocol/index.ts';
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
}

// A sandbox reached through the Worker, which also gives out tokens for it.
import { DurableSandbox } from './durable-sandbox.ts';
import type { TokenRequest, TokenResult } from './protocol/index.ts';

/**
 * A sandbox of `Holdfast`: all that `DurableSandbox` has, and tokens.
 *
 * @example
 * const sandbox = holdfast.sandbox('agent-7');
 * const { token } = await sandbox.createToken({ access: 'write', expiresInSeconds: 600 });
 */
export class WorkerSandbox extends DurableSandbox {
  /**
   * A token for this one sandbox, to be given to a browser or an agent instead of the API key.
   * `access` `'read'` sees sessions, commands and output, `'write'` also runs commands.
   * `expiresInSeconds` is at most 30 days. Throws `FORBIDDEN` when the client itself has but a token.
   *
   * @example
   * const { token } = await sandbox.createToken({ access: 'read', expiresInSeconds: 3600 });
   * const viewer = new Holdfast({ url, apiKey: token });
   */
  createToken(request: TokenRequest): Promise<TokenResult> {
    return this.connection.json({ method: 'POST', path: '/tokens', json: request, repeat: 'always' });
  }
}

// Who is asking: the holder of the API key, or of a token for one sandbox.
import { HoldfastError, isSocketUpgrade, splitProtocols } from '#protocol';
import { sameSecret } from './same-secret.ts';
import { type Claims, verifyToken } from './token.ts';

/** `owner` holds the API key and may do everything; a token's holder may do what its claims say. */
export type Caller = { kind: 'owner' } | ({ kind: 'token' } & Claims);

/**
 * Finds out who sent a request from its `Authorization: Bearer` header.
 *
 * @param apiKey The secret; without one nobody is let in.
 * @throws UNAUTHORIZED when there is no credential, or one that is wrong, garbled or expired.
 */
export async function authenticate(
  credential: string | undefined,
  apiKey: string | undefined,
  now: number,
): Promise<Caller> {
  if (!apiKey) {
    throw new HoldfastError(
      'UNAUTHORIZED',
      'This server has no HOLDFAST_API_KEY, so it lets nobody in; set the secret.',
    );
  }
  if (!credential) {
    throw new HoldfastError('UNAUTHORIZED', 'Send the API key or a token as "Authorization: Bearer <key>".');
  }
  if (sameSecret(credential, apiKey)) return { kind: 'owner' };
  const claims = await verifyToken(credential, apiKey, now);
  if (!claims)
    throw new HoldfastError('UNAUTHORIZED', 'The API key is wrong, or the token is wrong or has expired.');
  return { kind: 'token', ...claims };
}

/**
 * The credential in a request's headers. OpenSandbox's clients send theirs in one of their own; for a WebSocket,
 * to which browsers add no headers, it may be among the subprotocols. Never in the URL, which logs have.
 */
export function credentialOf(headers: Headers, inOpenSandbox: boolean): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.get('authorization') ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  if (inOpenSandbox) return headers.get('x-execd-access-token') ?? undefined;
  if (!isSocketUpgrade(headers.get('upgrade'))) return undefined;
  return splitProtocols(headers.get('sec-websocket-protocol')).token;
}

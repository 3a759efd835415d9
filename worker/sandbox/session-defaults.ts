// The sandbox's env lies under the env of every session that is created in it, and every one has an id from here,
// so that a request whose answer was cut off can be sent again.
import { Secrets, SessionId } from '#protocol';
import { readBody } from '../http/read-body.ts';

export interface NewSession {
  id: string | undefined;
  env: Record<string, string>;
  /** Its own, where they are valid. */
  secrets?: Record<string, string>;
  body: BodyInit;
}

/** The body of `POST /sessions` as the engine is to get it; what is wrong with it stays as it is. */
export async function newSession(request: Request, env: Record<string, string>): Promise<NewSession> {
  const bytes = await readBody(request);
  const asItIs = { id: undefined, env: {}, body: bytes };
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder().decode(bytes) || '{}');
  } catch {
    // The engine says what is wrong with it.
    return asItIs;
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return asItIs;
  const { id = crypto.randomUUID(), env: own, secrets } = body as Record<'id' | 'env' | 'secrets', unknown>;
  if (own !== undefined && (typeof own !== 'object' || own === null)) return asItIs;
  const whole = { ...env, ...own };
  const known = SessionId.safeParse(id);
  const secret = Secrets.optional().safeParse(secrets);
  return {
    id: known.success ? known.data : undefined,
    env: whole,
    ...(secret.data ? { secrets: secret.data } : {}),
    body: JSON.stringify({ ...body, id, env: whole }),
  };
}

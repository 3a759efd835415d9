// Asks the Worker as a client would, in a sandbox that no other test knows.
import { SELF } from 'cloudflare:test';
import type { ExecResult, TokenResult } from '#protocol';

export const API_KEY = 'the-api-key';
export const ORIGIN = 'http://holdfast.test';

export interface Call {
  method?: string;
  /** Sent as JSON; a string or bytes as they are. */
  body?: unknown;
  headers?: Record<string, string>;
  /** The bearer token; the API key if absent, none if null. */
  token?: string | null;
  signal?: AbortSignal;
}

/** Any path of the Worker. */
export function call(path: string, { method, body, headers = {}, token = API_KEY, signal }: Call = {}) {
  const raw =
    body === undefined ||
    typeof body === 'string' ||
    body instanceof Uint8Array ||
    body instanceof ReadableStream;
  return SELF.fetch(ORIGIN + path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
    body: raw ? (body as BodyInit | undefined) : JSON.stringify(body),
    signal,
  });
}

/** A sandbox that was never used. */
export function newSandbox() {
  const name = `t-${crypto.randomUUID()}`;
  const at = (rest: string, options?: Call) => call(`/v1/sandboxes/${name}${rest}`, options);
  return {
    name,
    call: at,
    async exec(
      command: string,
      options: Record<string, unknown> = {},
      session = 'default',
    ): Promise<ExecResult> {
      const response = await at(`/sessions/${session}/exec`, { body: { command, ...options } });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      return response.json();
    },
    async token(access: 'read' | 'write', expiresInSeconds = 60): Promise<string> {
      const response = await at('/tokens', { body: { access, expiresInSeconds } });
      return (await response.json<TokenResult>()).token;
    },
  };
}

/** The code of an error answer; fails where the body is not one. */
export async function codeOf(response: Response): Promise<string> {
  const body = await response.json<{ error: { code: string; requestId: string } }>();
  if (body.error.requestId !== response.headers.get('x-request-id')) {
    throw new Error(
      `the body says ${body.error.requestId}, the header ${response.headers.get('x-request-id')}`,
    );
  }
  return body.error.code;
}

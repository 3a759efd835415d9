// A call on its way to the engine: what is sent, and whether it may be sent again.
import { DEFAULT_SESSION } from '#protocol';
import { readBody } from '../http/read-body.ts';
import { type CommandStart, readStart, startsCommand, withCommandId } from './command-start.ts';
import { neededSession, sessionOfFiles } from './needed-session.ts';
import type { SandboxCall } from './sandbox-call.ts';
import { newSession } from './session-defaults.ts';
import { sessionInBody } from './session-in-body.ts';
import { sessionOfTerminal } from './terminal-calls.ts';

export interface Outgoing {
  path: string;
  method: string;
  headers: Headers;
  /** A stream can be sent once; anything else again. */
  body: BodyInit | null;
  /** Present where the call starts a command under an id of its own. */
  start?: CommandStart;
  /** The session that the engine must have first. */
  session?: string;
  /** Env of the session that the call makes. */
  newEnv?: Record<string, string>;
  /** And its secrets. */
  newSecrets?: Record<string, string>;
  /** It does no harm twice: the second try finds what the first one did. */
  repeatable: boolean;
}

const CLONE = '/git/clone';
const REPEATABLE_POST =
  /^\/(sessions|processes\/[^/]+\/(wait|terminate)|api\/[^/]+\/processes\/[^/]+\/terminate)$/;

/** Reads the call's body as far as it must be kept. Throws PAYLOAD_TOO_LARGE. */
export async function outgoing(call: SandboxCall, sandboxEnv: Record<string, string>): Promise<Outgoing> {
  const { request, requestId, rest, search } = call;
  const { method } = request;
  const start = startsCommand(method, rest) ? await readStart(call) : undefined;
  const headers = withCommandId(new Headers(request.headers), start);
  headers.set('x-request-id', requestId);
  const made = method === 'POST' && rest === '/sessions' ? await newSession(request, sandboxEnv) : undefined;
  const named = start?.mode === 'background' ? start.sessionId : made?.id;
  const body = start?.body ?? made?.body ?? (await kept(request, rest));
  const cloning = rest === CLONE ? (sessionInBody(body) ?? DEFAULT_SESSION) : undefined;
  const startsFrom = sessionOfFiles(rest, search) ?? sessionOfTerminal(call, body) ?? cloning;
  const session = neededSession(rest, named ?? startsFrom);
  return {
    path: rest + search,
    method,
    headers,
    body,
    ...(start ? { start } : {}),
    ...(session === undefined ? {} : { session }),
    ...(made ? { newEnv: made.env } : {}),
    ...(made?.secrets ? { newSecrets: made.secrets } : {}),
    repeatable: method === 'GET' || method === 'DELETE' || Boolean(start) || REPEATABLE_POST.test(rest),
  };
}

/** Files, and input of a command, may be of any length and pass as they come. */
async function kept(request: Request, rest: string): Promise<BodyInit | null> {
  if (!request.body || request.method === 'PUT' || rest.endsWith('/stdin')) return request.body;
  return await readBody(request);
}

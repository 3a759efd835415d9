// A call that starts a command: read once, so that it can be repeated, and given an id under which a repeat
// attaches to the one command.
import { COMMAND_ID_HEADER, CommandId, DEFAULT_SESSION, SSE_CONTENT_TYPE } from '#protocol';
import { readBody } from '../http/read-body.ts';
import type { SandboxCall } from './sandbox-call.ts';

export interface CommandStart {
  id: string;
  /** The client chose the id, so it may come back with it. */
  given: boolean;
  mode: 'foreground' | 'background';
  sessionId: string;
  /** The command's text; empty where the body is not as it should be, which the engine will say. */
  command: string;
  wantsStream: boolean;
  /** Equal for requests that the engine takes for the same. */
  fingerprint: string;
  body: Uint8Array<ArrayBuffer>;
}

const EXEC = /^\/sessions\/([^/]+)\/exec$/;

/** Whether a call starts a command that can be given an id. */
export function startsCommand(method: string, path: string): boolean {
  return method === 'POST' && (path === '/processes' || EXEC.test(path));
}

/** Reads the call's body. Throws PAYLOAD_TOO_LARGE. */
export async function readStart({ request, rest }: SandboxCall): Promise<CommandStart> {
  const body = await readBody(request);
  const fields = fieldsOf(body);
  const session = EXEC.exec(rest)?.[1];
  const mode = session === undefined ? 'background' : 'foreground';
  const named = typeof fields.session === 'string' ? fields.session : DEFAULT_SESSION;
  const sessionId = session === undefined ? named : decodeURIComponent(session);
  const id = CommandId.safeParse(fields.id);
  return {
    id: id.success ? id.data : crypto.randomUUID(),
    given: id.success,
    mode,
    sessionId,
    command: typeof fields.command === 'string' ? fields.command : '',
    wantsStream: request.headers.get('accept')?.includes(SSE_CONTENT_TYPE) ?? false,
    fingerprint: id.success ? await fingerprint(sessionId, mode, fields) : '',
    body,
  };
}

/** The headers with the id in them where the body holds none. */
export function withCommandId(headers: Headers, start: CommandStart | undefined): Headers {
  // Only ever ours: a client gives its id in the body, where the Worker checks it.
  headers.delete(COMMAND_ID_HEADER);
  if (start && !start.given) headers.set(COMMAND_ID_HEADER, start.id);
  return headers;
}

function fieldsOf(body: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body) || '{}');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // The engine says what is wrong with it.
    return {};
  }
}

/** Over what the engine compares too: session, mode, command, cwd, env and stdin. */
async function fingerprint(
  sessionId: string,
  mode: CommandStart['mode'],
  { command, cwd, env, stdin, stdinBase64, stdinOpen }: Record<string, unknown>,
): Promise<string> {
  const variables = Object.entries((env ?? {}) as object).sort(([a], [b]) => (a < b ? -1 : 1));
  const request = [sessionId, mode, command, cwd ?? null, variables, stdinOpen ?? false];
  const input = typeof stdinBase64 === 'string' ? fromBase64(stdinBase64) : encoder.encode(`${stdin ?? ''}`);
  const head = encoder.encode(JSON.stringify(request));
  const all = new Uint8Array(head.length + input.length);
  all.set(head);
  all.set(input, head.length);
  return new Uint8Array(await crypto.subtle.digest('SHA-256', all)).toBase64();
}

const encoder = new TextEncoder();

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    // Not base64, which the engine refuses.
    return encoder.encode(text);
  }
}

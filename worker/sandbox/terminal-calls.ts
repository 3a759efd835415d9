// Calls about terminals. A terminal ends with its container, so only making one wakes it.
import { DEFAULT_SESSION, HoldfastError, isSocketUpgrade } from '#protocol';
import type { EngineProxy } from './engine-proxy.ts';
import type { SandboxCall } from './sandbox-call.ts';
import { sessionInBody } from './session-in-body.ts';

const ONE = /^\/terminals\/([^/]+)$/;

/** Whether a call is about terminals that exist, rather than to make one. */
export function isAboutTerminals(call: SandboxCall): boolean {
  const { request, rest } = call;
  if (rest === '/terminals') return request.method === 'GET';
  return ONE.test(rest) && !makesTerminal(call);
}

/** The engine's answer; where the container sleeps there are none. Throws TERMINAL_NOT_FOUND. */
export async function aboutTerminals(call: SandboxCall, proxy: EngineProxy): Promise<Response> {
  const answer = await proxy.forward(call, { wakes: false });
  if (answer) return answer;
  if (call.rest === '/terminals') return Response.json({ terminals: [] });
  throw new HoldfastError('TERMINAL_NOT_FOUND', 'There is no such terminal: they end with their container.');
}

/** Whose copy the terminal is that a call makes; undefined for any other call. `body` is that of a POST. */
export function sessionOfTerminal(call: SandboxCall, body: BodyInit | null): string | undefined {
  const { request, rest, search } = call;
  if (makesTerminal(call)) return new URLSearchParams(search).get('session') ?? DEFAULT_SESSION;
  if (request.method !== 'POST' || rest !== '/terminals') return undefined;
  return sessionInBody(body) ?? DEFAULT_SESSION;
}

function makesTerminal({ request, rest, search }: SandboxCall): boolean {
  const create = new URLSearchParams(search).get('create') ?? 'false';
  return ONE.test(rest) && isSocketUpgrade(request.headers.get('upgrade')) && /^(true|1)$/i.test(create);
}

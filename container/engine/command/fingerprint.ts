// What makes two requests with the same id the same request. Pure.
import { createHash } from 'node:crypto';
import type { CommandRequest } from './command.ts';

/** Equal for requests with the same session, mode, command, cwd, env and stdin. */
export function fingerprint(request: CommandRequest): string {
  const { sessionId, mode, text, cwd, env, stdin, stdinOpen } = request;
  const variables = Object.entries(env ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash('sha256');
  hash.update(JSON.stringify([sessionId, mode, text, cwd ?? null, variables, stdinOpen]));
  if (stdin !== undefined && stdin.length > 0) hash.update(stdin);
  return hash.digest('base64');
}

// Which session a call needs in the running engine. Pure.
import { DEFAULT_SESSION } from '#protocol';

const SESSION = /^\/sessions?\/([^/]+)(?:\/[^/]+)?$/;
const TOOL_CALL = /^\/api\/[^/]+\/envs\/[^/]+\/tool\/call$/;

/**
 * @param path Below the sandbox.
 * @param named The session that the body names: whose copy a process is, or which is to be made.
 * @example
 * neededSession('/sessions/build/exec'); // 'build'
 * neededSession('/processes', 'build'); // 'build'
 * neededSession('/commands/1/stdin'); // undefined
 */
export function neededSession(path: string, named?: string): string | undefined {
  const inPath = SESSION.exec(path)?.[1];
  if (inPath !== undefined) return decodeURIComponent(inPath);
  return named ?? (TOOL_CALL.test(path) ? DEFAULT_SESSION : undefined);
}

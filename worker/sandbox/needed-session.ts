// Which session a call needs in the running engine. Pure.
import { DEFAULT_SESSION } from '#protocol';

const SESSION = /^\/sessions?\/([^/]+)(?:\/[^/]+)?$/;
const FILES = /^\/files(?:\/|$)/;
const TOOL_CALL = /^\/api\/[^/]+\/envs\/[^/]+\/tool\/call$/;

/**
 * @param path Below the sandbox.
 * @param named The session that body or query names: whose copy a process is, which is to be made, or from whose
 *   cwd paths start.
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

/** From whose cwd the paths of a call about files start; undefined for any other call. */
export function sessionOfFiles(path: string, search: string): string | undefined {
  if (!FILES.test(path)) return undefined;
  return new URLSearchParams(search).get('session') ?? DEFAULT_SESSION;
}

// Which paths below a sandbox belong to a dialect, whose errors have shapes of their own.

/** Somebody else's API: OpenSandbox's execd sessions, or the polling of agents' processes. */
export type Dialect = 'openSandbox' | 'polling';

/**
 * @param path Below a sandbox (or an engine's root).
 * @example
 * dialectOf('/session/a/run'); // 'openSandbox'
 * dialectOf('/api/sdk/processes/a/output'); // 'polling'
 * dialectOf('/sessions/a'); // undefined
 */
export function dialectOf(path: string): Dialect | undefined {
  if (path === '/ping' || path === '/session' || path.startsWith('/session/')) return 'openSandbox';
  return path.startsWith('/api/') ? 'polling' : undefined;
}

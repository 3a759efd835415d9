// Takes a sandbox's path apart. Worker and Durable Object are asked with the same URL, so that a
// Worker which embeds the class can send the SDK's requests to it as they are.
const PREFIX = /^\/v1\/sandboxes\/([^/]+)(\/.*)?$/;

/**
 * @example
 * sandboxPath('/v1/sandboxes/demo/sessions') // { name: 'demo', rest: '/sessions' }
 * sandboxPath('/v1/sandboxes/demo')          // { name: 'demo', rest: '' }
 * sandboxPath('/sessions')                   // undefined
 */
export function sandboxPath(pathname: string): { name: string; rest: string } | undefined {
  const match = PREFIX.exec(pathname);
  return match ? { name: match[1]!, rest: match[2] ?? '' } : undefined;
}

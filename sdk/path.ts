// Ids as parts of a path: what a caller passes must never lead to another path.
import { HoldfastError } from './protocol/index.ts';

/**
 * A path with each value as one segment of it.
 *
 * @example
 * path`/sessions/${id}/exec`; // '/sessions/build/exec'
 */
export function path(parts: TemplateStringsArray, ...ids: string[]): string {
  return String.raw(parts, ...ids.map(segment));
}

function segment(id: string): string {
  // Encoding leaves dots alone, and a URL takes them for a way up.
  if (id === '' || id === '.' || id === '..') {
    throw new HoldfastError('INVALID_REQUEST', `"${id}" is no id; give one of [A-Za-z0-9_.-]{1,64}`);
  }
  return encodeURIComponent(id);
}

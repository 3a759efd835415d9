// What the local servers' front door may tell the Worker: the id of a request, and that its client left.
// Deployed there is no front door and no token for one, so nobody is believed.
import type { Context } from 'hono';
import { HoldfastError } from '#protocol';
import type { AppEnv } from '../app.ts';

/** The id that the front door gave this request, or undefined where it did not come that way. */
export function idFromFront(c: Context<AppEnv>): string | undefined {
  return isFromFront(c) ? c.req.header('x-request-id') : undefined;
}

/** Whether this request came through the front door. */
export function isFromFront(c: Context<AppEnv>): boolean {
  const token = c.env.HOLDFAST_FRONT_TOKEN;
  return Boolean(token) && c.req.header('x-holdfast-front') === token;
}

/** Ids of requests that came through the front door; more than can be on their way. */
const SEEN = 10_000;
const seen = new Set<string>();

/**
 * Holds a request that the front door sends a second time, because the first seemed lost on its way.
 *
 * @throws CONTAINER_UNAVAILABLE when the first arrived after all: it must not run twice.
 */
export function assertFirstArrival(c: Context<AppEnv>): void {
  const id = idFromFront(c);
  if (id === undefined) return;
  if (seen.has(id) && c.req.header('x-holdfast-again')) {
    throw new HoldfastError(
      'CONTAINER_UNAVAILABLE',
      'The connection was lost while this request ran; repeat it with the same id.',
    );
  }
  seen.add(id);
  if (seen.size > SEEN) seen.delete(seen.values().next().value!);
}

// Requests to hosts of previews. No route of the API is reached by such a name, and no preview by the API's.
import type { Context } from 'hono';
import { FORWARDED_HEADER, NEVER_USED, PORT_AUTHORIZATION_HEADER, previewedUrl, previewOf } from '#protocol';
import type { AppEnv } from '../app.ts';
import { noPreview } from '../http/no-preview.ts';
import { asUnavailable } from './forward.ts';
import { forwardedOf } from './ports.ts';

/** Ends here: how the Worker speaks to others of its kind. */
const DROPPED = [PORT_AUTHORIZATION_HEADER, 'x-holdfast-front', 'x-holdfast-again'];

/** The answer for a host of previews; undefined for the API's. Throws NOT_FOUND for a preview that is not there. */
export async function answerPreview(c: Context<AppEnv>): Promise<Response | undefined> {
  const previewHost = c.env.HOLDFAST_PREVIEW_HOST;
  if (!previewHost) return undefined;
  const url = new URL(c.req.url);
  const target = previewOf(url.hostname, previewHost);
  if (target === undefined) return undefined;
  if (target === null) throw noPreview();
  const headers = new Headers(c.req.raw.headers);
  for (const name of DROPPED) headers.delete(name);
  headers.set('x-request-id', c.get('requestId'));
  headers.set(FORWARDED_HEADER, forwardedOf(c));
  const { method, body } = c.req.raw;
  try {
    const stub = c.env.SANDBOX.getByName(target.sandbox);
    return await stub.fetch(previewedUrl(url, target), { method, headers, body, redirect: 'manual' });
  } catch (error) {
    if (error instanceof Error && error.message.includes(NEVER_USED)) throw noPreview();
    throw asUnavailable(error);
  }
}

// Requests to hosts of previews. No route of the API is reached by such a name, and no preview by the API's.
import type { Context } from 'hono';
import { noPreview, previewedRequest, previewOf, wasNeverUsed } from '#protocol';
import type { AppEnv } from '../app.ts';
import { asUnavailable } from './forward.ts';

/** The answer for a host of previews; undefined for the API's. Throws NOT_FOUND for a preview that is not there. */
export async function answerPreview(c: Context<AppEnv>): Promise<Response | undefined> {
  const previewHost = c.env.HOLDFAST_PREVIEW_HOST;
  if (!previewHost) return undefined;
  const target = previewOf(new URL(c.req.url).hostname, previewHost);
  if (target === undefined) return undefined;
  if (target === null) throw noPreview();
  const [url, init] = previewedRequest(c.req.raw, target);
  init.headers.set('x-request-id', c.get('requestId'));
  try {
    return await c.env.SANDBOX.getByName(target.sandbox).fetch(url, init);
  } catch (error) {
    throw wasNeverUsed(error) ? noPreview() : asUnavailable(error);
  }
}

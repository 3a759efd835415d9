// A request to a preview's URL as the sandbox's Durable Object is asked it, and the one answer to any that leads nowhere.
import { HoldfastError } from './errors.ts';
import { FORWARDED_HEADER, PORT_AUTHORIZATION_HEADER } from './port-names.ts';
import type { Forwarded } from './ports.ts';
import { type PreviewTarget, previewedUrl } from './preview-host.ts';

/** Ends at the Worker: how Holdfast's own programs speak to it. */
const DROPPED = [PORT_AUTHORIZATION_HEADER, 'x-holdfast-front', 'x-holdfast-again'];

export interface PreviewedRequest {
  method: string;
  headers: Headers;
  body: ReadableStream<Uint8Array> | null;
  redirect: 'manual';
}

/** What to fetch. Of the client's own word on where it comes from nothing goes on. */
export function previewedRequest(
  request: Request,
  target: PreviewTarget,
): [url: string, init: PreviewedRequest] {
  const url = new URL(request.url);
  const headers = new Headers(request.headers);
  for (const name of DROPPED) headers.delete(name);
  headers.set(FORWARDED_HEADER, JSON.stringify(forwardedOf(request)));
  const { method, body } = request;
  return [previewedUrl(url, target), { method, headers, body, redirect: 'manual' }];
}

/** What a server is told of its client; `cf-connecting-ip` is Cloudflare's word. */
export function forwardedOf(request: Request, prefix?: string): Forwarded {
  const { protocol, host } = new URL(request.url);
  const address = request.headers.get('cf-connecting-ip');
  return {
    ...(address === null ? {} : { for: address }),
    proto: protocol === 'https:' ? 'https' : 'http',
    host,
    ...(prefix === undefined ? {} : { prefix }),
  };
}

/** What everybody hears whose link leads nowhere, for whatever reason. */
export function noPreview(): HoldfastError {
  return new HoldfastError(
    'NOT_FOUND',
    'There is no such preview: the link is wrong, has expired or was revoked.',
  );
}

/**
 * Why a Durable Object that was asked for a preview of a sandbox that was never used ends itself: nothing is to be
 * left of it.
 */
export const NEVER_USED = 'this sandbox was never used; nothing is kept of it';

/** Whether a Durable Object's `fetch` threw for that reason. */
export function wasNeverUsed(error: unknown): boolean {
  return error instanceof Error && error.message.includes(NEVER_USED);
}

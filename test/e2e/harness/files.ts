// Calls about files, as a test writes them.
import { expect } from 'vitest';
import { type Answer, api, type CallOptions, request } from './api.ts';

type Query = Record<string, string | number | boolean | string[]>;

/** `/files{rest}?...` */
export function filesPath(rest: string, query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) params.append(name, String(one));
  }
  return `/files${rest}?${params}`;
}

export const get = <T>(rest: string, query: Query, options?: CallOptions): Promise<Answer<T>> =>
  api<T>('GET', filesPath(rest, query), undefined, options);

export const put = <T = { size: number; etag: string; created: boolean }>(
  query: Query,
  body: string | Uint8Array,
  options?: CallOptions,
): Promise<Answer<T>> => api<T>('PUT', filesPath('', query), body, options);

export const post = <T>(rest: string, body: unknown, query: Query = {}): Promise<Answer<T>> =>
  api<T>('POST', filesPath(rest, query), body);

export const remove = (query: Query): Promise<Answer> => api('DELETE', filesPath('', query));

/** The content of a file, and the answer it came with. */
export async function read(query: Query, headers: Record<string, string> = {}) {
  const response = await request('GET', filesPath('', query), undefined, { headers });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes, text: bytes.toString() };
}

/** A body whose sender is cut off in the middle; the rejection of the call is expected. */
export async function cutUpload(
  path: string,
  method: string,
  sent: Uint8Array,
  url: string,
  headers: object,
) {
  let pulled = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += 1;
      if (pulled <= 8) controller.enqueue(sent);
      else controller.error(new Error('cut'));
    },
  });
  const init = { method, body, headers, duplex: 'half' } as RequestInit;
  await expect(fetch(url + path, init)).rejects.toThrow();
}

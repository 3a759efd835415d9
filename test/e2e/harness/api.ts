// The HTTP API as a test speaks it: plain fetch, so that nothing of the SDK is between.

import { expect, inject } from 'vitest';
import { ErrorBody, type ErrorCode } from '#protocol';

export const target = inject('target');

export interface Answer<T = unknown> {
  status: number;
  headers: Headers;
  /** Parsed where it is JSON, else text. */
  body: T;
}

export interface CallOptions {
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** A request whose answer is not read yet. A body that is no string or bytes is sent as JSON. */
export function request(
  method: string,
  path: string,
  body?: unknown,
  options: CallOptions = {},
): Promise<Response> {
  const raw = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
  return fetch(`${target.url}${path}`, {
    method,
    headers: {
      ...target.headers,
      ...(raw ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    body: raw ? (body as BodyInit | undefined) : JSON.stringify(body),
    signal: options.signal,
  });
}

/**
 * One call, whole.
 *
 * @example
 * const { status, body } = await api('POST', '/sessions', { id: 'build' });
 */
export async function api<T = unknown>(
  method: string,
  path: string,
  body?: unknown,
  options: CallOptions = {},
): Promise<Answer<T>> {
  const response = await request(method, path, body, options);
  const text = await response.text();
  const json = response.headers.get('content-type')?.startsWith('application/json') && text !== '';
  return { status: response.status, headers: response.headers, body: (json ? JSON.parse(text) : text) as T };
}

/** Expects that an answer is the error `code`, whole and with its status, and answers with the message. */
export function expectError(answer: Answer, status: number, code: ErrorCode): string {
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status, body: { error: { code } } });
  return ErrorBody.parse(answer.body).error.message;
}

/** Raw bytes of a command's output, as `/commands/{id}/output/{stream}` gives them. */
export async function output(
  commandId: string,
  stream: 'stdout' | 'stderr',
  range?: string,
): Promise<Buffer> {
  const headers: Record<string, string> = range === undefined ? {} : { range };
  const response = await request('GET', `/commands/${commandId}/output/${stream}`, undefined, { headers });
  expect(response.status).toBe(range === undefined ? 200 : 206);
  return Buffer.from(await response.arrayBuffer());
}

// Errors on their way out: the code's status and body, or INTERNAL for what nobody expected.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type ErrorBody, errorCode, HoldfastError } from '#protocol';

/** What is not Holdfast's own is logged whole and told to the caller as INTERNAL. */
export function expected(error: unknown): HoldfastError {
  if (errorCode(error)) return error as HoldfastError;
  console.error(error);
  return new HoldfastError('INTERNAL', 'something went wrong in the engine; its log says what');
}

export function errorBody(error: HoldfastError, request: IncomingMessage): ErrorBody {
  return error.toBody(requestIdOf(request));
}

/** The id a proxy gave the request, or a new one. */
export function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.-]{1,128}$/.test(given) ? given : randomUUID();
}

// Errors on their way out: the code's status and body, or INTERNAL for what nobody expected.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { ErrorBody, HoldfastError } from '#protocol';
import { asHoldfastError } from '../system-error.ts';

/** What nobody expected is told to the caller as INTERNAL. */
export function expected(error: unknown): HoldfastError {
  return asHoldfastError(error, 'something went wrong in the engine; its log says what');
}

export function errorBody(error: HoldfastError, request: IncomingMessage): ErrorBody {
  return error.toBody(requestIdOf(request));
}

/** The id a proxy gave the request, or a new one. */
export function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.-]{1,128}$/.test(given) ? given : randomUUID();
}

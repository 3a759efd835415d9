// Errors of the polling dialect: Holdfast's own, under the names and in the shape that its clients know.
// The status is the error's own. Worker and engine both answer with it, so it is here, once.
import type { ErrorCode, HoldfastError } from './errors.ts';

export interface PollingErrorBody {
  error: { code: string; message: string };
}

/** Every other code is Holdfast's in small letters: `forbidden`, `stdin_closed`, `too_many_processes`. */
const CODES: Partial<Record<ErrorCode, string>> = {
  INVALID_REQUEST: 'bad_request',
  PROCESS_NOT_FOUND: 'session_not_found',
  SESSION_NOT_FOUND: 'session_not_found',
};

/**
 * The body of an error in the polling dialect. `authorization` is the request's header: what is refused
 * without a bearer token there is `missing_bearer`, what is refused with one `invalid_token`.
 *
 * @example
 * pollingErrorBody(new HoldfastError('PROCESS_NOT_FOUND', 'there is no process p'), 'Bearer key');
 * // { error: { code: 'session_not_found', message: 'there is no process p' } }
 */
export function pollingErrorBody(
  { code, message }: HoldfastError,
  authorization: string | undefined,
): PollingErrorBody {
  if (code !== 'UNAUTHORIZED') return { error: { code: CODES[code] ?? code.toLowerCase(), message } };
  const hasBearer = /^Bearer +\S/i.test(authorization ?? '');
  return { error: { code: hasBearer ? 'invalid_token' : 'missing_bearer', message } };
}

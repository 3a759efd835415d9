// The one place where an error becomes a response: Holdfast's shape, or a dialect's on its paths.
// What is not a HoldfastError tells the client nothing but its request id.
import {
  ERRORS,
  type ErrorCode,
  errorCode,
  HoldfastError,
  PORT_ERROR_HEADER,
  pollingErrorBody,
} from '#protocol';
import { dialectOf } from './dialect.ts';

/** Seconds after which a repeat makes sense. */
const RETRY_AFTER: Partial<Record<ErrorCode, number>> = { CONTAINER_UNAVAILABLE: 2, QUEUE_FULL: 1 };

/**
 * Turns anything thrown into the answer for the request that failed. `rest` is its path below the sandbox,
 * `authorization` its header of that name.
 */
export function errorResponse(
  thrown: unknown,
  requestId: string,
  rest = '',
  authorization?: string,
): Response {
  const error = toHoldfastError(thrown, requestId);
  // Where a server in the sandbox might have answered, this tells that it did not.
  const headers = new Headers({ 'x-request-id': requestId, [PORT_ERROR_HEADER]: error.code });
  if (error.code === 'UNAUTHORIZED') headers.set('www-authenticate', 'Bearer');
  const retryAfter = RETRY_AFTER[error.code];
  if (retryAfter !== undefined) headers.set('retry-after', String(retryAfter));
  const body = bodyFor(error, requestId, rest, authorization);
  return Response.json(body, { status: error.status, headers });
}

function bodyFor(error: HoldfastError, requestId: string, rest: string, authorization?: string): unknown {
  switch (dialectOf(rest)) {
    case 'openSandbox':
      return openSandboxBody(error);
    case 'polling':
      return pollingErrorBody(error, authorization);
    default:
      return error.toBody(requestId);
  }
}

function toHoldfastError(thrown: unknown, requestId: string): HoldfastError {
  if (thrown instanceof HoldfastError) return thrown;
  const code = errorCode(thrown);
  // Crossed a Durable Object call: the code is there, the prototype is not.
  if (code !== undefined) return new HoldfastError(code, (thrown as Error).message);
  console.error(`request ${requestId} failed:`, thrown);
  return new HoldfastError(
    'INTERNAL',
    `Something went wrong here; the log has it under request ${requestId}.`,
  );
}

function openSandboxBody(error: HoldfastError): unknown {
  if (error.code === 'UNAUTHORIZED') return { error: `Unauthorized: ${error.message}` };
  return { code: openSandboxCode(error.code), message: error.message };
}

function openSandboxCode(code: ErrorCode): string {
  if (code === 'SESSION_NOT_FOUND') return 'CONTEXT_NOT_FOUND';
  const { status } = ERRORS[code];
  if (status === 400 || status === 413) return 'INVALID_REQUEST_BODY';
  return status >= 500 ? 'RUNTIME_ERROR' : code;
}

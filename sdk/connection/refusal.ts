// An answer that is not a success, as the failed try it is: Holdfast's own JSON, or a proxy's page.
import { ERRORS, type ErrorCode, HoldfastError } from '../protocol/index.ts';
import { FailedTry } from './failed-try.ts';

/** Reads `{"error": {...}}`, also from an answer with status 200 whose headers were sent too early. */
export function errorIn(value: unknown, response: Response): FailedTry | undefined {
  const error = (value as { error?: unknown } | null | undefined)?.error as
    | Record<string, unknown>
    | undefined;
  if (typeof error !== 'object' || error === null || typeof error.code !== 'string') return undefined;
  const known = Object.hasOwn(ERRORS, error.code);
  const code = known ? (error.code as ErrorCode) : codeOfStatus(response.status);
  const message = `${known ? '' : `${error.code}: `}${error.message}`;
  const requestId = typeof error.requestId === 'string' ? error.requestId : '';
  const thrown = new HoldfastError(code, message, { details: error.details, requestId });
  const kind =
    code === 'CONTAINER_UNAVAILABLE' ? 'unstarted' : code === 'CONNECTION_FAILED' ? 'cut' : 'refused';
  return new FailedTry(kind, thrown, retryAfterMs(response));
}

/** For an answer that Holdfast did not write: a proxy's, or that of quite another server. */
export function foreignAnswer(response: Response, text: string, target: string): FailedTry {
  const { status } = response;
  const type = response.headers.get('content-type') ?? 'no content type';
  const excerpt = text.trim().slice(0, 200);
  const what = `${target} answered ${status} with ${type}, which is not Holdfast's${excerpt && `: ${excerpt}`}`;
  const code = codeOfStatus(status);
  const kind = code === 'CONNECTION_FAILED' ? 'cut' : 'refused';
  return new FailedTry(kind, new HoldfastError(code, what), retryAfterMs(response));
}

/** The nearest code, for answers that name none. A success that is not Holdfast's is a wrong address. */
function codeOfStatus(status: number): ErrorCode {
  if (status < 400) return 'NOT_FOUND';
  switch (status) {
    case 401:
      return 'UNAUTHORIZED';
    case 403:
      return 'FORBIDDEN';
    case 404:
      return 'NOT_FOUND';
    case 413:
      return 'PAYLOAD_TOO_LARGE';
    case 408:
    case 429:
      return 'CONNECTION_FAILED';
    default:
      return status < 500 ? 'INVALID_REQUEST' : 'CONNECTION_FAILED';
  }
}

/** `Retry-After` in seconds; its date form would need the server's clock, so it counts as not given. */
function retryAfterMs(response: Response): number {
  const seconds = Number(response.headers.get('retry-after') ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
}

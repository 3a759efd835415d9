// One table of errors: code to HTTP status and whether a repeat of the same call can succeed.
// Without zod, so that a client which throws and catches them does not carry it.
import type { ErrorBody } from './error-body.ts';

export const ERRORS = {
  INVALID_REQUEST: { status: 400, retryable: false },
  CWD_NOT_FOUND: { status: 400, retryable: false },
  UNAUTHORIZED: { status: 401, retryable: false },
  FORBIDDEN: { status: 403, retryable: false },
  /** An archive that would reach out of its folder, or holds what is no file, folder or link. Nothing is unpacked. */
  UNSAFE_ARCHIVE: { status: 400, retryable: false },
  /** An archive that is damaged, cut, or no tar. Nothing is unpacked. */
  INVALID_ARCHIVE: { status: 400, retryable: false },
  NAME_TOO_LONG: { status: 400, retryable: false },
  /** The sandbox's own file permissions; FORBIDDEN is about the caller's. */
  PERMISSION_DENIED: { status: 403, retryable: false },
  /** As many previews as a sandbox may have. */
  TOO_MANY_PREVIEWS: { status: 429, retryable: false },
  FILE_NOT_FOUND: { status: 404, retryable: false },
  NOT_FOUND: { status: 404, retryable: false },
  SANDBOX_NOT_FOUND: { status: 404, retryable: false },
  SESSION_NOT_FOUND: { status: 404, retryable: false },
  PROCESS_NOT_FOUND: { status: 404, retryable: false },
  COMMAND_NOT_FOUND: { status: 404, retryable: false },
  TERMINAL_NOT_FOUND: { status: 404, retryable: false },
  FILE_EXISTS: { status: 409, retryable: false },
  IS_DIRECTORY: { status: 409, retryable: false },
  NOT_DIRECTORY: { status: 409, retryable: false },
  /** Neither file nor folder: a device, a FIFO, a socket. */
  NOT_A_FILE: { status: 409, retryable: false },
  RESOURCE_BUSY: { status: 409, retryable: true },
  /** What was to be replaced was found more or less often than `expected`; `details.found` says how often. */
  COUNT_MISMATCH: { status: 409, retryable: false },
  SESSION_EXISTS: { status: 409, retryable: false },
  TERMINAL_EXISTS: { status: 409, retryable: false },
  COMMAND_ID_CONFLICT: { status: 409, retryable: false },
  STDIN_CLOSED: { status: 409, retryable: false },
  /** The process ended before what was waited for came; `details.process` says how. */
  PROCESS_EXITED: { status: 409, retryable: false },
  COMMAND_LOST: { status: 410, retryable: false },
  COMMAND_EXPIRED: { status: 410, retryable: false },
  /** `If-Match` or `If-None-Match` does not hold: 412 is what RFC 9110, section 13.1, has for both. */
  FILE_CHANGED: { status: 412, retryable: false },
  PAYLOAD_TOO_LARGE: { status: 413, retryable: false },
  RANGE_NOT_SATISFIABLE: { status: 416, retryable: false },
  /** git said no; the message holds its words. */
  GIT_FAILED: { status: 422, retryable: false },
  /** The repository's host wants credentials, or others. Not 401, which is about the caller's own. */
  GIT_AUTH_FAILED: { status: 403, retryable: false },
  /** There is no git in the sandbox. */
  GIT_NOT_INSTALLED: { status: 501, retryable: false },
  /** A clone took longer than its `timeoutMs`. */
  GIT_TIMED_OUT: { status: 504, retryable: true },
  QUEUE_FULL: { status: 429, retryable: true },
  TOO_MANY_SESSIONS: { status: 429, retryable: true },
  TOO_MANY_PROCESSES: { status: 429, retryable: true },
  TOO_MANY_TERMINALS: { status: 429, retryable: true },
  INTERNAL: { status: 500, retryable: false },
  CONTAINER_UNAVAILABLE: { status: 503, retryable: true },
  /** Too many open files or processes, or no memory left, in the sandbox. */
  OUT_OF_RESOURCES: { status: 503, retryable: true },
  /** The disk of the sandbox takes no more. */
  DISK_FULL: { status: 507, retryable: true },
  /** Made by the client: its own time for a wait has passed. What it waited for goes on. */
  WAIT_TIMEOUT: { status: 408, retryable: true },
  /** Nothing of the sandbox listens on the port, or the sandbox sleeps. */
  PORT_NOT_LISTENING: { status: 502, retryable: true },
  /** No answer came, it broke off, or a proxy gave one that is not Holdfast's; made by the Worker or the client. */
  CONNECTION_FAILED: { status: 502, retryable: true },
} as const;

export type ErrorCode = keyof typeof ERRORS;

/**
 * What every part of Holdfast throws. Recognise it by `code`: prototypes do not survive a
 * Durable Object call, so `instanceof` is not enough there.
 *
 * @example
 * try {
 *   await session.exec('make', { cwd: '/nowhere' });
 * } catch (error) {
 *   if (errorCode(error) === 'CWD_NOT_FOUND') await session.exec('mkdir -p /nowhere');
 * }
 */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError';
  readonly code: ErrorCode;
  readonly details: unknown;
  /** The request that failed, as the server logged it; empty where no request was made. */
  readonly requestId: string;

  constructor(
    code: ErrorCode,
    message: string,
    extra: { details?: unknown; requestId?: string; cause?: unknown } = {},
  ) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.code = code;
    this.details = extra.details;
    this.requestId = extra.requestId ?? '';
  }

  /** HTTP status of the code. */
  get status(): number {
    return ERRORS[this.code].status;
  }

  /** Whether the same call can succeed later. */
  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  /** The wire form of this error. */
  toBody(requestId = this.requestId): ErrorBody {
    const { code, message, retryable, details } = this;
    return { error: { code, message, retryable, ...(details === undefined ? {} : { details }), requestId } };
  }
}

/** The Holdfast code of anything thrown, or undefined for what is not Holdfast's. */
export function errorCode(error: unknown): ErrorCode | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : undefined;
}

// Calls by plain fetch, made again for as long as it takes: what a careful client does that has no SDK.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Report } from '../report.ts';

export type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

/** No answer, half of one, or one that says to come again. */
export class Broken extends Error {}

/** An answer that says no: a `{"error": {code, message}}`. */
export class Refused extends Error {
  readonly code: string;
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Nobody answered, or answered well, for as long as anybody would wait. */
export class Hung extends Error {}

export interface Request {
  method?: string;
  json?: unknown;
  bytes?: Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

const AGAIN = new Set(['CONTAINER_UNAVAILABLE', 'QUEUE_FULL', 'TOO_MANY_PROCESSES', 'CONNECTION_FAILED']);
const PATIENCE_MS = 60_000;

export class Api {
  readonly url: string;
  readonly #headers: Record<string, string>;
  readonly #report: Report;

  constructor(url: string, headers: Record<string, string>, report: Report) {
    this.url = url;
    this.#headers = headers;
    this.#report = report;
  }

  /** One try: the answer once its headers are there and say that it is a success. */
  async open(path: string, request: Request = {}, over: Fetch = fetch): Promise<Response> {
    const { method = 'GET', json, bytes, headers, signal } = request;
    let response: Response;
    try {
      response = await over(`${this.url}${path}`, {
        method,
        headers: {
          ...this.#headers,
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(json === undefined ? bytes && { body: bytes } : { body: JSON.stringify(json) }),
        ...(signal && { signal }),
      });
    } catch (error) {
      throw new Broken(String(error));
    }
    if (response.ok) return response;
    const text = await this.#text(response);
    throw refusal(response.status, text);
  }

  /** One try: the whole answer as JSON; undefined for an empty one. */
  async once<T>(path: string, request: Request = {}, over?: Fetch): Promise<T> {
    const response = await this.open(path, request, over);
    const text = (await this.#text(response)).trim();
    const isJson = (response.headers.get('content-type') ?? '').includes('json');
    if (text === '' && !isJson) return undefined as T;
    let value: { error?: unknown };
    try {
      value = JSON.parse(text);
    } catch {
      throw new Broken(`half an answer: ${text.slice(0, 100)}`);
    }
    if (value.error) throw refusal(response.status, text);
    return value as T;
  }

  /** Until there is an answer. Only for what is safe to repeat. */
  json<T>(path: string, request: Request = {}, over?: Fetch): Promise<T> {
    return this.patiently(() => this.once<T>(path, request, over));
  }

  /** The whole body. */
  bytes(path: string, request: Request = {}, over?: Fetch): Promise<Buffer> {
    return this.patiently(async () => {
      const response = await this.open(path, request, over);
      try {
        return Buffer.from(await response.arrayBuffer());
      } catch (error) {
        throw new Broken(String(error));
      }
    });
  }

  /** Tries again after whatever is `Broken`. */
  async patiently<T>(attempt: () => Promise<T>, patienceMs = PATIENCE_MS): Promise<T> {
    const deadline = Date.now() + patienceMs;
    for (let pause = 20; ; pause = Math.min(pause * 2, 300)) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof Broken)) throw error;
        if (Date.now() > deadline) throw new Hung(`for ${patienceMs} ms: ${error.message}`);
        this.#report.count('notes', 'tried again');
        await sleep(pause);
      }
    }
  }

  async #text(response: Response): Promise<string> {
    try {
      return await response.text();
    } catch (error) {
      throw new Broken(String(error));
    }
  }
}

function refusal(status: number, text: string): Error {
  try {
    const { code, message } = (JSON.parse(text) as { error: { code: string; message: string } }).error;
    return AGAIN.has(code) ? new Broken(`${code}: ${message}`) : new Refused(status, code, message);
  } catch {
    // A proxy's: an answer that says nothing of the command.
    return status === 502 || status === 503 || status === 504
      ? new Broken(`${status} ${text.slice(0, 200)}`)
      : new Refused(status, `HTTP_${status}`, text.slice(0, 200));
  }
}

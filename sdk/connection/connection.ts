// Calls to one sandbox: a request goes out, is repeated where that is safe, and its answer is read.
// Every failure that leaves here is a HoldfastError, or the reason of the caller's own signal.
import type { ErrorCode } from '../protocol/index.ts';
import type { Transport } from '../transport/transport.ts';
import { Attempts, type Repeat } from './attempts.ts';
import { cutOff, FailedTry } from './failed-try.ts';
import { readChunks, textOf } from './read-chunks.ts';
import { errorIn, foreignAnswer } from './refusal.ts';
import type { RetryPolicy } from './retry-policy.ts';

export interface Call {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as they are. */
  bytes?: Uint8Array<ArrayBuffer>;
  repeat: Repeat;
  /** What a repeat is refused with where an earlier try was carried out and only its answer was lost. */
  doneBefore?: ErrorCode;
  signal?: AbortSignal | undefined;
}

export class Connection {
  readonly policy: RetryPolicy;
  readonly #transport: Transport;

  constructor(transport: Transport, policy: RetryPolicy) {
    this.#transport = transport;
    this.policy = policy;
  }

  /** The answer's JSON; undefined for an empty one, and for what `doneBefore` stands for. */
  json<T>(call: Call): Promise<T> {
    return this.#tried(call, async () => {
      const response = await this.#send(call, 'application/json');
      return (await this.#readJson(response, call.signal)) as T;
    }) as Promise<T>;
  }

  /** The answer's body, not yet read; it is not repeated once it began. */
  body(call: Call, accept: string): Promise<ReadableStream<Uint8Array>> {
    return this.#tried(call, () => this.open(call, accept)) as Promise<ReadableStream<Uint8Array>>;
  }

  /** One try of a streaming call: the body once the server accepted, else a `FailedTry`. */
  async open(call: Call, accept: string): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#send(call, accept);
    const type = response.headers.get('content-type') ?? '';
    if (response.ok && type.startsWith(accept)) return response.body ?? new Blob([]).stream();
    const answer = await this.#readJson(response, call.signal);
    throw foreignAnswer(response, JSON.stringify(answer) ?? '', this.#transport.target);
  }

  async #tried<T>(call: Call, once: () => Promise<T>): Promise<T | undefined> {
    const attempts = new Attempts(this.policy, call.repeat, call.signal);
    for (;;) {
      try {
        return await once();
      } catch (failure) {
        if (!(failure instanceof FailedTry)) throw failure;
        if (attempts.repeating && failure.error.code === call.doneBefore) return undefined;
        await attempts.next(failure);
      }
    }
  }

  async #send({ method, path, json, bytes, signal }: Call, accept: string): Promise<Response> {
    signal?.throwIfAborted();
    const headers: Record<string, string> = { accept };
    const init: RequestInit & { headers: typeof headers } = { method, headers };
    if (signal) init.signal = signal;
    if (json !== undefined) {
      headers['content-type'] = 'application/json';
      init.body = JSON.stringify(json);
    } else if (bytes) {
      headers['content-type'] = 'application/octet-stream';
      init.body = bytes;
    }
    try {
      return await this.#transport.fetch(path, init);
    } catch (cause) {
      signal?.throwIfAborted();
      throw cutOff(`could not reach ${this.#transport.target}`, cause);
    }
  }

  async #readJson(response: Response, signal?: AbortSignal): Promise<unknown> {
    const { silenceMs } = this.policy;
    const text = response.body ? await textOf(readChunks(response.body, { silenceMs, signal })) : '';
    const isJson = (response.headers.get('content-type') ?? '').includes('json');
    if (response.ok && text.trim() === '' && !isJson) return undefined;
    if (!isJson) throw foreignAnswer(response, text, this.#transport.target);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      if (!response.ok) throw foreignAnswer(response, text, this.#transport.target);
      // Blanks first, JSON last: what does not parse was cut by something that hid the cut.
      throw cutOff(`the answer of ${this.#transport.target} broke off`, cause);
    }
    const error = errorIn(value, response);
    if (error) throw error;
    if (!response.ok) throw foreignAnswer(response, text, this.#transport.target);
    return value;
  }
}

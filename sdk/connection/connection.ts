// Calls to one sandbox: a request goes out, is repeated where that is safe, and its answer is read.
// Every failure that leaves here is a HoldfastError, or the reason of the caller's own signal.
import { BODY_END_HEADER, bodyMark, type ErrorCode, withBodyMark } from '../protocol/index.ts';
import type { Socket } from '../transport/socket.ts';
import type { Transport } from '../transport/transport.ts';
import { Attempts, type Repeat } from './attempts.ts';
import { cutOff, FailedTry } from './failed-try.ts';
import { readChunks, textOf } from './read-chunks.ts';
import { errorIn, foreignAnswer } from './refusal.ts';
import type { RetryPolicy } from './retry-policy.ts';

export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as they are. */
  bytes?: Uint8Array<ArrayBuffer>;
  /** Sent as it comes; it can be sent once, so `repeat` must be `never`. */
  stream?: ReadableStream<Uint8Array>;
  headers?: Record<string, string>;
  repeat: Repeat;
  /** What a repeat is refused with where an earlier try was carried out and only its answer was lost. */
  doneBefore?: ErrorCode;
  signal?: AbortSignal | undefined;
}

export class Connection {
  readonly policy: RetryPolicy;
  readonly #transport: Transport;
  readonly #signal: AbortSignal | undefined;

  /** `signal` ends every call, beside the call's own. */
  constructor(transport: Transport, policy: RetryPolicy, signal?: AbortSignal) {
    this.#transport = transport;
    this.policy = policy;
    this.#signal = signal;
  }

  /** The same way, whose calls end with that signal too. */
  withSignal(signal: AbortSignal): Connection {
    return new Connection(this.#transport, this.policy, this.signalWith(signal));
  }

  /** What ends a call that has that signal of its own. */
  signalWith(signal: AbortSignal | undefined): AbortSignal | undefined {
    if (!signal || !this.#signal || signal === this.#signal) return signal ?? this.#signal;
    return AbortSignal.any([signal, this.#signal]);
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

  /** The whole body and its headers; one that is cut is asked for again. */
  bytes(call: Call, accept: string): Promise<{ bytes: Uint8Array<ArrayBuffer>; headers: Headers }> {
    return this.#tried(call, async () => {
      const response = await this.respond(call, accept);
      const { silenceMs } = this.policy;
      const chunks: Uint8Array<ArrayBuffer>[] = [];
      if (response.body) {
        const signal = this.signalWith(call.signal);
        const arriving = readChunks(response.body, { silenceMs, signal });
        for await (const chunk of arriving) chunks.push(chunk as Uint8Array<ArrayBuffer>);
      }
      const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer());
      const length = response.headers.get('content-length');
      if (length !== null && Number(length) > bytes.length && !response.headers.has('content-encoding')) {
        throw cutOff(`the answer of ${this.#transport.target} broke off`);
      }
      return { bytes, headers: response.headers };
    }) as Promise<{ bytes: Uint8Array<ArrayBuffer>; headers: Headers }>;
  }

  /** The answer once the server accepted, its body not yet read. */
  answer(call: Call, accept: string): Promise<Response> {
    return this.#tried(call, () => this.respond(call, accept)) as Promise<Response>;
  }

  /** Sends a request as it is, once, and hands back whatever comes: a server in the sandbox answers, not Holdfast. */
  async pass(path: string, init: RequestInit & { headers: Record<string, string> }): Promise<Response> {
    const signal = this.signalWith(init.signal ?? undefined);
    signal?.throwIfAborted();
    try {
      return await this.#transport.fetch(path, signal ? { ...init, signal } : init);
    } catch (cause) {
      signal?.throwIfAborted();
      throw cutOff(`could not reach ${this.#transport.target}`, cause).error;
    }
  }

  /** One try of a streaming call: the body once the server accepted, else a `FailedTry`. */
  async open(call: Call, accept: string): Promise<ReadableStream<Uint8Array>> {
    return (await this.respond(call, accept)).body ?? new Blob([]).stream();
  }

  /** One try: the answer if it is of that type, else a `FailedTry`. */
  async respond(call: Call, accept: string): Promise<Response> {
    const response = await this.#send(call, accept);
    const type = response.headers.get('content-type') ?? '';
    if (response.ok && type.startsWith(accept)) return response;
    const answer = await this.#readJson(response, call.signal);
    throw foreignAnswer(response, JSON.stringify(answer) ?? '', this.#transport.target);
  }

  /** One try of a WebSocket, which is not accepted yet; else a `FailedTry`. */
  async socket(path: string, ends: AbortSignal | undefined): Promise<Socket> {
    const signal = this.signalWith(ends);
    signal?.throwIfAborted();
    const opened = await this.#transport.socket(path, signal).catch((cause) => {
      signal?.throwIfAborted();
      throw cutOff(`could not reach ${this.#transport.target}`, cause);
    });
    if (!(opened instanceof Response)) return opened;
    const answer = await this.#readJson(opened, signal);
    throw foreignAnswer(opened, JSON.stringify(answer) ?? '', this.#transport.target);
  }

  /** Passes somebody's upgrade to a WebSocket on, without credentials, and the answer back. */
  passSocket(path: string, request: Request): Promise<Response> {
    const headers = Object.fromEntries(
      [...request.headers].filter(([name]) => name === 'upgrade' || name.startsWith('sec-websocket-')),
    );
    const signal = this.signalWith(request.signal)!;
    return this.#transport.fetch(path, { headers, signal });
  }

  async #tried<T>(call: Call, once: () => Promise<T>): Promise<T | undefined> {
    const attempts = new Attempts(this.policy, call.repeat, this.signalWith(call.signal));
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

  async #send(call: Call, accept: string): Promise<Response> {
    const { method, path, json, bytes, stream } = call;
    const signal = this.signalWith(call.signal);
    signal?.throwIfAborted();
    const headers: Record<string, string> = { accept, ...call.headers };
    const init: RequestInit & { headers: typeof headers; duplex?: 'half' } = { method, headers };
    if (signal) init.signal = signal;
    if (json !== undefined) {
      headers['content-type'] = 'application/json';
      init.body = JSON.stringify(json);
    } else if (bytes) {
      headers['content-type'] = 'application/octet-stream';
      init.body = bytes;
    } else if (stream) {
      const mark = bodyMark();
      headers['content-type'] = 'application/octet-stream';
      headers[BODY_END_HEADER] = mark;
      init.body = withBodyMark(stream, mark);
      // fetch of Node wants it said that the answer comes after the body.
      init.duplex = 'half';
    }
    try {
      return await this.#transport.fetch(path, init);
    } catch (cause) {
      signal?.throwIfAborted();
      throw cutOff(`could not reach ${this.#transport.target}`, cause);
    }
  }

  async #readJson(response: Response, ends: AbortSignal | undefined): Promise<unknown> {
    const { silenceMs } = this.policy;
    const signal = this.signalWith(ends);
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

// The way to one sandbox. Everything above it speaks the engine's paths and knows no addresses.

import type { Socket } from './socket.ts';

/** Anything with `fetch`: a service binding, a Durable Object's stub, or an app to test against. */
export interface Fetcher {
  fetch(input: string, init?: RequestInit): Promise<Response>;
}

/**
 * Carries one request to one sandbox. It adds what the way needs (an address, a key) and
 * nothing else: it neither repeats a request nor reads its answer.
 */
export interface Transport {
  /** Where this leads, for messages: no secret is in it. */
  readonly target: string;
  /** `path` is below the sandbox: `/sessions/default/exec`, or empty for the sandbox itself. */
  fetch(path: string, init: RequestInit & { headers: Record<string, string> }): Promise<Response>;
  /** Begins a WebSocket, on which nothing has come yet; the answer that refused it, where the runtime shows it. */
  socket(path: string, signal: AbortSignal | undefined): Promise<Socket | Response>;
}

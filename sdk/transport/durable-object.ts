// The way inside a Worker that embeds the Durable Object class: straight to the object, no key.
import { upgrade } from './socket.ts';
import type { Fetcher, Transport } from './transport.ts';

/**
 * What is needed of a `DurableObjectNamespace`, so that the package needs no Workers types.
 * `Id` is the platform's `DurableObjectId`.
 */
export interface SandboxNamespace<Id> {
  idFromName(name: string): Id;
  get(id: Id): Fetcher;
}

/** A transport to the Durable Object of that name. */
export function durableObjectTransport<Id>(namespace: SandboxNamespace<Id>, name: string): Transport {
  // A stub that threw stays broken, so each request gets its own; making one costs nothing.
  const fetch: Fetcher['fetch'] = (input, init) =>
    namespace.get(namespace.idFromName(name)).fetch(input, init);
  return {
    target: `the Durable Object of sandbox ${name}`,
    fetch: (path, init) => fetch(`http://sandbox${path}`, init),
    socket: (path, signal) => upgrade(fetch, `http://sandbox${path}`, {}, signal),
  };
}

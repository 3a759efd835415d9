// A connection to a server in the sandbox: its own loopback and nothing else.
import { connect, type Socket } from 'node:net';
import { HoldfastError } from '#protocol';

/** A full backlog makes the kernel wait for minutes. */
const CONNECT_MS = 10_000;

/** @throws PORT_NOT_LISTENING where there is no host, or none takes a connection. */
export async function connectLoopback(port: number, hosts: readonly string[]): Promise<Socket> {
  for (const host of hosts) {
    const socket = await connected(port, host).catch(() => undefined);
    if (socket) return socket;
  }
  throw notListening(port);
}

function notListening(port: number): HoldfastError {
  return new HoldfastError(
    'PORT_NOT_LISTENING',
    `nothing of this sandbox listens on port ${port}; start a server, or wait for it with POST /processes/{id}/wait`,
  );
}

function connected(port: number, host: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host, noDelay: true });
    socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error('it takes no connection')));
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.off('error', reject);
      // Whoever uses it hears of its end by other means; until then nobody listens.
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

// Whether something answers on a port of the sandbox's own loopback, tried once.
import { get } from 'node:http';
import { connect } from 'node:net';
import type { PortWait } from '#protocol';

/** A server listens on either, or on both. */
const HOSTS = ['127.0.0.1', '::1'];
/** An HTTP answer that takes longer is none: the next try asks again. */
const TRY_MS = 2_000;

export async function portAnswers(wait: PortWait, left: AbortSignal): Promise<boolean> {
  const over = new AbortController();
  const signal = AbortSignal.any([left, over.signal, AbortSignal.timeout(TRY_MS)]);
  const once = wait.mode === 'http' ? asksHttp : connects;
  try {
    await Promise.any(HOSTS.map((host) => once(host, wait, signal)));
    return true;
  } catch {
    return false; // neither address answers yet: what the try is there to find out
  } finally {
    over.abort();
  }
}

function connects(host: string, { port }: PortWait, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    socket.on('error', reject);
    socket.on('connect', () => {
      resolve();
      socket.destroy();
    });
  });
}

function asksHttp(host: string, { port, path = '/', status }: PortWait, signal: AbortSignal): Promise<void> {
  const accepted = status === undefined ? undefined : [status].flat();
  return new Promise((resolve, reject) => {
    const headers = { host: `localhost:${port}`, connection: 'close' };
    const request = get({ host, port, path, headers, signal, agent: false }, (response) => {
      const { statusCode = 0 } = response;
      const isAccepted = accepted ? accepted.includes(statusCode) : statusCode >= 200 && statusCode < 400;
      if (isAccepted) resolve();
      else reject(new Error(`answered ${statusCode}`));
      response.destroy();
    });
    request.on('error', reject);
  });
}

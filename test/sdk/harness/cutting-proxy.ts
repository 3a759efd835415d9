// A TCP proxy before a server that tears connections down after so many bytes of answer.
import { type AddressInfo, connect, createServer } from 'node:net';
import { onTestFinished } from 'vitest';

/** `allowance(n)` is how many bytes connection `n` lets through; undefined is all. */
export async function cuttingProxy(
  target: string,
  allowance: (nth: number) => number | undefined,
): Promise<{ url: string; connections: () => number }> {
  const { hostname, port } = new URL(target);
  let connections = 0;
  const server = createServer((client) => {
    let left = allowance(connections++) ?? Number.POSITIVE_INFINITY;
    const upstream = connect(Number(port), hostname);
    const tear = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on('error', tear).on('close', tear);
    client.pipe(upstream);
    upstream.on('data', (chunk) => {
      const whole = client.write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) client.end(tear);
      else if (!whole) {
        upstream.pause();
        client.once('drain', () => upstream.resume());
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port: own } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${own}`, connections: () => connections };
}

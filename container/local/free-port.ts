// Settles on a port before wrangler is started, because wrangler would silently take another one.
import { createServer } from 'node:net';

/**
 * The port to listen on: the one asked for, or a free one for 0.
 *
 * @throws Error with a message for the user when the port is taken.
 */
export function availablePort(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`Port ${wanted} is in use. Choose another one: PORT=8788 npm start`)
          : error,
      ),
    );
    server.listen(wanted, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

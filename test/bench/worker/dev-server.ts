// `wrangler dev` with Worker and Durable Object, started by the program that a user starts.
import { randomUUID } from 'node:crypto';
import { startWorker } from '../../e2e/harness/start-worker.ts';
import { Connection } from '../engine/connection.ts';
import { stoppedOnInterrupt } from '../interrupted.ts';

const SCRIPTS = { embedded: 'container/local/start.ts', docker: 'container/local/dev.ts' } as const;

export class DevServer {
  readonly #port: number;
  readonly #headers: Record<string, string>;
  readonly stop: () => Promise<void>;

  private constructor(origin: string, headers: Record<string, string>, stop: () => Promise<void>) {
    this.#port = Number(new URL(origin).port);
    this.#headers = headers;
    this.stop = stop;
  }

  /** Returns once a sandbox of it answers. */
  static async start(way: keyof typeof SCRIPTS): Promise<DevServer> {
    const starting = startWorker(way, SCRIPTS[way]);
    // From the beginning: what is interrupted while it starts is stopped once it has.
    const stop = stoppedOnInterrupt(async () => (await starting).stop());
    const { target } = await starting;
    return new DevServer(target.origin, target.headers, stop);
  }

  /** To paths of the Worker itself. */
  root(): Connection {
    return new Connection(this.#port, this.#headers);
  }

  /** To paths of a sandbox that nobody used before. */
  newSandbox(): Connection {
    return new Connection(this.#port, this.#headers, `/v1/sandboxes/bench-${randomUUID().slice(0, 8)}`);
  }
}

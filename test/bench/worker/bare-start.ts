// The platform's part of a start in Docker: a Durable Object of a few lines that starts the same image.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { availablePort } from '../../../container/local/free-port.ts';
import { removeContainers } from '../../../container/local/remove-containers.ts';
import { startWranglerDev } from '../../../container/local/wrangler-dev.ts';
import { Connection } from '../engine/connection.ts';
import { stoppedOnInterrupt } from '../interrupted.ts';
import type { Subject } from '../measure/alternate.ts';

const CONFIG = join(import.meta.dirname, '../../worker/programs/bare-start/wrangler.jsonc');

export class BareStart {
  readonly stop: () => Promise<void>;
  readonly #port: number;

  private constructor(port: number, stop: () => Promise<void>) {
    this.#port = port;
    this.stop = stop;
  }

  /** The image's bundle has been made before. */
  static async start(): Promise<BareStart> {
    const port = await availablePort(0);
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-bare-start-'));
    const args = ['--config', CONFIG, '--enable-containers'];
    const wrangler = startWranglerDev(port, folder, { vars: {}, args, verbose: false });
    const stop = stoppedOnInterrupt(async () => {
      await wrangler.stop();
      removeContainers(join(folder, 'state'));
      rmSync(folder, { recursive: true });
    });
    await wrangler.ready;
    return new BareStart(port, stop);
  }

  subject(): Subject {
    return {
      id: 'start-docker-bare',
      what: 'a bare Durable Object that starts the image, to first output',
      unit: 'ms',
      act: () => this.#firstOutput(),
    };
  }

  async #firstOutput(): Promise<number> {
    const connection = new Connection(this.#port);
    const path = `/${randomUUID()}`;
    const began = performance.now();
    await connection.call('POST', path);
    const took = performance.now() - began;
    await connection.call('DELETE', path);
    connection.close();
    return took;
  }
}

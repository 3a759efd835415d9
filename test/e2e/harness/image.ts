// The image as `docker run` starts it, without Worker and Durable Object.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { bundleEngine } from '../../../container/bundle.ts';
import { enginePidOf, printOf } from './ask-engine.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const TAG = 'holdfast-e2e';
const TOKEN = 'of-the-engine';

const run = promisify(execFile);

/** What docker printed; rejects with what it said where it failed. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout, stderr } = await run('docker', args);
  return args[0] === 'logs' ? stdout + stderr : stdout.trim();
}

export async function buildImage(): Promise<void> {
  await bundleEngine();
  await docker('build', '--quiet', '--tag', TAG, '--file', `${ROOT}container/Dockerfile`, ROOT);
}

/** A container of it, removed after the test. `options` are those of `docker run`. */
export async function runImage(options: string[] = []): Promise<RunningImage> {
  const token = ['--env', `HOLDFAST_ENGINE_TOKEN=${TOKEN}`, '--publish', '127.0.0.1::8080'];
  const id = await docker('run', '--detach', ...token, ...options, TAG);
  onTestFinished(async () => void (await docker('rm', '--force', '--volumes', id)));
  return new RunningImage(id);
}

export class RunningImage {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  /** What a command prints; undefined where the engine does not answer. */
  async print(command: string): Promise<string | undefined> {
    const url = await this.#url();
    return url && printOf(url, command, TOKEN);
  }

  /** The process of its engine, as it is inside; undefined where it does not answer. */
  async enginePid(): Promise<number | undefined> {
    const url = await this.#url();
    return url === undefined ? undefined : enginePidOf(url, TOKEN);
  }

  /** Undefined where it is not up, or not any more. */
  async #url(): Promise<string | undefined> {
    try {
      return `http://${(await docker('port', this.id, '8080')).split('\n')[0]}`;
    } catch {
      return undefined;
    }
  }

  /** Its exit code, once it is over. */
  async end(): Promise<number> {
    return Number(await docker('wait', this.id));
  }

  logs(): Promise<string> {
    return docker('logs', this.id);
  }
}

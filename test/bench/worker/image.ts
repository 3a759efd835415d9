// The image as `docker run` starts it: with nothing but `echo`, and as it is, without Worker and Durable Object.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundleEngine } from '../../../container/bundle.ts';
import { availablePort } from '../../../container/local/free-port.ts';
import { Connection } from '../engine/connection.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const TAG = 'holdfast-bench';
const TOKEN = 'of-the-engine';
const TRY_MS = 2;
const PATIENCE_MS = 30_000;

const run = promisify(execFile);

export async function buildImage(): Promise<void> {
  await bundleEngine();
  await run('docker', ['build', '--quiet', '--tag', TAG, '--file', `${ROOT}container/Dockerfile`, ROOT]);
}

/** Milliseconds to the output of `echo`. */
export async function echoInImage(): Promise<number> {
  const began = performance.now();
  const child = spawn('docker', ['run', '--rm', '--entrypoint', '/bin/echo', TAG, 'hello'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  const took = performance.now() - began;
  await ended;
  return took;
}

/** Milliseconds to the first output of its engine, tried for until it answers. */
export async function engineInImage(): Promise<number> {
  const port = await availablePort(0);
  const began = performance.now();
  const { stdout } = await run('docker', [
    'run',
    '--detach',
    '--env',
    `HOLDFAST_ENGINE_TOKEN=${TOKEN}`,
    '--publish',
    `127.0.0.1:${port}:8080`,
    TAG,
  ]);
  try {
    for (;;) {
      const engine = new Connection(port, { authorization: `Bearer ${TOKEN}` });
      try {
        await engine.call('POST', '/sessions/default/exec', { body: { command: 'echo hello' } });
        return performance.now() - began;
      } catch (error) {
        if (performance.now() - began > PATIENCE_MS) throw error;
        await new Promise((resolve) => setTimeout(resolve, TRY_MS));
      } finally {
        engine.close();
      }
    }
  } finally {
    await run('docker', ['rm', '--force', '--volumes', stdout.trim()]);
  }
}

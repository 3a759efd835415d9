// How long a sandbox that nobody used before takes to its first output, beside the start of an engine and of a
// container without Worker and Durable Object.
import { BenchEngine } from '../engine/engine.ts';
import type { Subject } from '../measure/alternate.ts';
import type { DevServer } from './dev-server.ts';
import { echoInImage, engineInImage } from './image.ts';

const HELLO = { body: { command: 'echo hello' } };

export function embeddedStart(server: DevServer): Subject[] {
  return [
    ms('start', 'sandbox start, embedded', () => firstOutput(server)),
    ms('floor-engine-start', 'an engine started, and its first output', async () => {
      const began = performance.now();
      const engine = await BenchEngine.start();
      await engine.exec('echo hello');
      const took = performance.now() - began;
      await engine.stop();
      return took;
    }),
  ];
}

export function dockerStart(server: DevServer): Subject[] {
  return [
    ms('start-docker', 'cold container start in Docker', () => firstOutput(server)),
    ms('floor-docker-echo', '`docker run` of the image with `echo` alone', echoInImage),
    ms('floor-docker-engine', '`docker run` of the image to first output of its engine', engineInImage),
  ];
}

async function firstOutput(server: DevServer): Promise<number> {
  const sandbox = server.newSandbox();
  const began = performance.now();
  await sandbox.call('POST', '/sessions/default/exec', HELLO);
  const took = performance.now() - began;
  await sandbox.call('DELETE', '');
  sandbox.close();
  return took;
}

function ms(id: string, what: string, act: () => Promise<number>): Subject {
  return { id, what, unit: 'ms', act };
}

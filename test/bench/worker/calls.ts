// What an exec costs through Worker and Durable Object, beside a call that the Worker answers by itself and one that
// the Durable Object answers from its storage.
import { alternate, type Rounds, type Subject } from '../measure/alternate.ts';
import type { Samples } from '../result/figure.ts';
import type { DevServer } from './dev-server.ts';

/** @param suffix Put behind each id; `of` tells in words which way it is. */
export async function measureCalls(
  server: DevServer,
  { suffix, of }: { suffix: string; of: string },
  rounds: Rounds,
): Promise<Samples[]> {
  const worker = server.root();
  const sandbox = server.newSandbox();
  const run = () => sandbox.call('POST', '/sessions/default/exec', { body: { command: 'echo hello' } });
  await run();
  const subject = (id: string, what: string, act: () => Promise<unknown>): Subject => ({
    id: `${id}${suffix}`,
    what: `${what}, ${of}`,
    unit: 'ms',
    act: () => act().then(() => undefined),
  });
  try {
    return await alternate(
      [
        subject('floor-worker', 'a Worker that answers by itself', () => worker.call('GET', '/health')),
        subject('worker-object', 'the Durable Object answers from storage', () => sandbox.call('GET', '')),
        subject('worker-exec', 'exec `echo hello`', run),
      ],
      rounds,
    );
  } finally {
    await sandbox.call('DELETE', '');
    worker.close();
    sandbox.close();
  }
}

// Through `wrangler dev`, as a user runs it: embedded, and in Docker where it answers.
import { spawnSync } from 'node:child_process';
import { alternate } from '../measure/alternate.ts';
import type { Options } from '../options.ts';
import type { Samples } from '../result/figure.ts';
import { BareStart } from './bare-start.ts';
import { measureCalls } from './calls.ts';
import { DevServer } from './dev-server.ts';
import { buildImage } from './image.ts';
import { dockerStart, embeddedStart } from './starts.ts';

const SIZES = {
  quick: { calls: { rounds: 5, calls: 20 }, starts: { rounds: 4, calls: 1 }, cold: { rounds: 3, calls: 1 } },
  whole: {
    calls: { rounds: 25, calls: 40 },
    starts: { rounds: 20, calls: 1 },
    cold: { rounds: 12, calls: 1 },
  },
};

export async function workerSuite(options: Options, say: (what: string) => void): Promise<Samples[]> {
  const size = options.quick ? SIZES.quick : SIZES.whole;
  const samples: Samples[] = [];

  say('Worker, embedded');
  const embedded = await DevServer.start('embedded');
  try {
    samples.push(...(await measureCalls(embedded, { suffix: '', of: 'embedded' }, size.calls)));
    samples.push(...(await alternate(embeddedStart(embedded), size.starts)));
  } finally {
    await embedded.stop();
  }

  if (spawnSync('docker', ['info'], { stdio: 'ignore' }).status !== 0) {
    say('`docker info` does not answer: nothing is measured in Docker');
    return samples;
  }
  say('Worker, in Docker');
  await buildImage();
  const docker = await DevServer.start('docker');
  try {
    samples.push(...(await measureCalls(docker, { suffix: '-docker', of: 'in Docker' }, size.calls)));
    const bare = await BareStart.start();
    try {
      samples.push(...(await alternate([...dockerStart(docker), bare.subject()], size.cold)));
    } finally {
      await bare.stop();
    }
  } finally {
    await docker.stop();
  }
  return samples;
}

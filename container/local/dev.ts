// `npm run dev`: the same with the real image, in Docker.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { bundleEngine } from '../bundle.ts';
import { removeContainers } from './remove-containers.ts';
import { serve } from './serve.ts';

const NO_DOCKER = `\`npm run dev\` runs sandboxes in Docker, and \`docker info\` does not answer here.
Start Docker, or use \`npm start\`, which needs none.`;

try {
  if (spawnSync('docker', ['info'], { stdio: 'ignore' }).status !== 0) throw new Error(NO_DOCKER);
  await bundleEngine();
  console.log('Building the image; the first time takes a while.');
  await serve(async (folder) => ({
    args: ['--enable-containers'],
    vars: {},
    notice: 'Commands run in Docker, each sandbox in a container of its own.',
    close: async () => removeContainers(join(folder, 'state')),
  }));
  process.exit(0);
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}

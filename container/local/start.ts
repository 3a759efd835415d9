// `npm start`: Worker and Durable Object in wrangler's local runtime, engines as processes of this machine.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { startLocalHost } from './host.ts';
import { serve } from './serve.ts';

const NOTICE = `Commands run on this machine, unisolated, as you: they can do all that you can.
\`npm run dev\` runs them in a container instead.`;

try {
  await serve(async (folder) => {
    const token = randomUUID();
    const host = await startLocalHost(join(folder, 'sandboxes'), token);
    return {
      args: ['--enable-containers=false'],
      vars: { HOLDFAST_LOCAL_HOST: host.url, HOLDFAST_LOCAL_TOKEN: token },
      notice: NOTICE,
      close: host.close,
    };
  });
  process.exit(0);
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}

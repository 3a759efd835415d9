// A host in a process of its own, so that a test can kill it. Prints where the engine of its one sandbox listens.
import { startLocalHost } from '../../../container/local/host.ts';

const host = await startLocalHost(process.env.FOLDER!, 'token');
const answer = await fetch(`${host.url}/sandboxes/demo/`, {
  method: 'PUT',
  headers: { authorization: 'Bearer token' },
  body: JSON.stringify({ env: {} }),
});
console.log(`port ${((await answer.json()) as { port: number }).port}`);

// The polling dialect's paths. The engine speaks the dialect; here they are only let in and sent on.
import { type Context, Hono } from 'hono';
import { CommandId, HoldfastError } from '#protocol';
import type { AppEnv } from '../app.ts';
import { readBody } from '../http/read-body.ts';
import { admit, forward } from './forward.ts';

export const pollingRoutes = new Hono<AppEnv>();

for (const base of ['/api/sdk', '/api/connectors']) {
  // Both of them: where a word and a parameter can stand at one place, Hono searches for every route of the app.
  pollingRoutes.post(`${base}/envs/*`, async (c, next) => {
    const [, rest] = /\/envs\/(list|[^/]+\/tool\/call)$/.exec(c.req.path) ?? [];
    if (!rest) return next();
    const sandbox = admit(c, rest === 'list' ? 'read' : 'write');
    return forward(c, sandbox, `${base}/envs/${rest}`, await readBody(c.req.raw));
  });

  pollingRoutes.get(`${base}/processes/:process/output`, (c) => {
    const sandbox = admit(c, 'read');
    return forward(c, sandbox, `${base}/processes/${knownShape(c)}/output`);
  });

  for (const act of ['stdin', 'terminate']) {
    pollingRoutes.post(`${base}/processes/:process/${act}`, async (c) => {
      const sandbox = admit(c, 'write');
      return forward(c, sandbox, `${base}/processes/${knownShape(c)}/${act}`, await readBody(c.req.raw));
    });
  }
}

/** An id that no process can have names no process: the dialect knows no other answer for it. */
function knownShape(c: Context<AppEnv>): string {
  const id = CommandId.safeParse(c.req.param('process'));
  if (!id.success) throw new HoldfastError('PROCESS_NOT_FOUND', 'There is no such session.');
  return id.data;
}

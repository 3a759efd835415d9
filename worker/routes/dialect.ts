// The OpenSandbox dialect's paths. The engine speaks the dialect; here they are only let in and sent on.
import { Hono } from 'hono';
import { HoldfastError, SessionId } from '#protocol';
import type { AppEnv } from '../app.ts';
import { readBody } from '../http/read-body.ts';
import { admit, forward } from './forward.ts';

export const dialectRoutes = new Hono<AppEnv>();

dialectRoutes.get('/ping', (c) => forward(c, admit(c, 'read'), '/ping'));

dialectRoutes.post('/session', async (c) => {
  const sandbox = admit(c, 'write');
  return forward(c, sandbox, '/session', await readBody(c.req.raw));
});

dialectRoutes.post('/session/:session/run', async (c) => {
  const sandbox = admit(c, 'write');
  const session = knownShape(c.req.param('session'));
  return forward(c, sandbox, `/session/${session}/run`, await readBody(c.req.raw));
});

dialectRoutes.delete('/session/:session', (c) => {
  const sandbox = admit(c, 'write');
  return forward(c, sandbox, `/session/${knownShape(c.req.param('session'))}`);
});

/** An id that no session can have names no session: the dialect knows no other answer for it. */
function knownShape(session: string): string {
  const id = SessionId.safeParse(session);
  if (!id.success) throw new HoldfastError('SESSION_NOT_FOUND', 'There is no such session.');
  return id.data;
}

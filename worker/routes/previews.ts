// Preview URLs: who has the key makes and revokes them, because they open a port to whoever has the link.
import { Hono } from 'hono';
import { PreviewRequest } from '#protocol';
import type { AppEnv } from '../app.ts';
import { parseBody } from '../http/parse-body.ts';
import { readBody } from '../http/read-body.ts';
import { admit, forward } from './forward.ts';

export const previewRoutes = new Hono<AppEnv>();

previewRoutes.get('/previews', (c) => forward(c, admit(c, 'read'), '/previews'));

previewRoutes.post('/previews', async (c) => {
  const sandbox = admit(c, 'owner');
  const request = parseBody(PreviewRequest, await readBody(c.req.raw));
  return forward(c, sandbox, '/previews', JSON.stringify(request));
});

previewRoutes.delete('/previews/:preview', (c) => {
  const sandbox = admit(c, 'owner');
  return forward(c, sandbox, `/previews/${encodeURIComponent(c.req.param('preview'))}`);
});

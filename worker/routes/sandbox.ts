// The sandbox itself: what is known about it, its settings, its end, and the tokens that open it.
import { Hono } from 'hono';
import { HoldfastError, PatchSandboxRequest, TokenRequest, type TokenResult } from '#protocol';
import type { AppEnv } from '../app.ts';
import { mintToken } from '../auth/token.ts';
import { parseBody } from '../http/parse-body.ts';
import { readBody } from '../http/read-body.ts';
import { admit, forward } from './forward.ts';

export const sandboxRoutes = new Hono<AppEnv>();

sandboxRoutes.get('/', (c) => forward(c, admit(c, 'read'), ''));

sandboxRoutes.patch('/', async (c) => {
  const sandbox = admit(c, 'owner');
  const patch = parseBody(PatchSandboxRequest, await readBody(c.req.raw));
  return forward(c, sandbox, '', JSON.stringify(patch));
});

sandboxRoutes.delete('/', (c) => forward(c, admit(c, 'owner'), ''));

sandboxRoutes.post('/tokens', async (c) => {
  const sandbox = admit(c, 'owner');
  const { access, expiresInSeconds } = parseBody(TokenRequest, await readBody(c.req.raw));
  const apiKey = c.env.HOLDFAST_API_KEY;
  if (!apiKey) throw new HoldfastError('UNAUTHORIZED', 'There is no HOLDFAST_API_KEY to sign a token with.');
  const expiresAt = Date.now() + expiresInSeconds * 1000;
  const token = await mintToken({ sandbox, access, expiresAt }, apiKey);
  const result: TokenResult = { token, access, expiresAt: new Date(expiresAt).toISOString() };
  return c.json(result, 201);
});

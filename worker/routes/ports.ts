// Servers in the sandbox, for who has the key: requests pass to them raw. Cookies pass in neither direction here, for
// they are those of the API's host; previews have hosts of their own.
import { Hono } from 'hono';
import { FORWARDED_HEADER, forwardedOf, HoldfastError, portCall, portNumber } from '#protocol';
import type { AppEnv } from '../app.ts';
import { sandboxPath } from '../http/sandbox-path.ts';
import { admit, forward } from './forward.ts';

export const portRoutes = new Hono<AppEnv>();

for (const path of ['/ports/:port', '/ports/:port/*']) {
  portRoutes.all(path, async (c) => {
    // Whoever may write runs commands; a server may do on a GET what it likes.
    const sandbox = admit(c, 'write');
    const url = new URL(c.req.url);
    const rest = sandboxPath(url.pathname)?.rest ?? '';
    const port = portNumber(portCall(rest)?.port ?? '');
    if (port === undefined) {
      throw new HoldfastError('INVALID_REQUEST', 'A port is a whole number from 1 to 65535.');
    }
    const prefix = `/v1/sandboxes/${sandbox}/ports/${port}`;
    const extra = { [FORWARDED_HEADER]: JSON.stringify(forwardedOf(c.req.raw, prefix)) };
    return withoutCookies(await forward(c, sandbox, rest, c.req.raw.body, extra));
  });
}

function withoutCookies(answer: Response): Response {
  if (!answer.headers.has('set-cookie')) return answer;
  const { webSocket } = answer;
  const copy = new Response(
    answer.body,
    webSocket ? { status: 101, headers: answer.headers, webSocket } : answer,
  );
  copy.headers.delete('set-cookie');
  return copy;
}

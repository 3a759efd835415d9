// The way in: gives each request an id, lets it in or not, routes it, and turns every failure into an answer.
import { type Context, Hono } from 'hono';
import { HoldfastError, portCall } from '#protocol';
import { version } from '../package.json';
import { authenticate, type Caller, credentialOf } from './auth/authenticate.ts';
import type { Bindings } from './bindings.ts';
import { dialectOf } from './http/dialect.ts';
import { errorResponse } from './http/error-response.ts';
import { dropBody } from './http/read-body.ts';
import { sandboxPath } from './http/sandbox-path.ts';
import { assertFirstArrival, idFromFront, isFromFront } from './local/front.ts';
import { apiRoutes } from './routes/api.ts';
import { dialectRoutes } from './routes/dialect.ts';
import { operationRoutes } from './routes/operations.ts';
import { pollingRoutes } from './routes/polling.ts';
import { portRoutes } from './routes/ports.ts';
import { answerPreview } from './routes/preview.ts';
import { previewRoutes } from './routes/previews.ts';
import { sandboxRoutes } from './routes/sandbox.ts';

export interface AppEnv {
  Bindings: Bindings;
  Variables: { requestId: string; caller: Caller };
}

/**
 * The whole HTTP API as a Hono app, to deploy as it is or to mount in another one.
 *
 * @example
 * // A Worker with pages of its own beside the API:
 * import { Hono } from 'hono';
 * import { app as holdfast } from 'holdfast/worker';
 * const site = new Hono();
 * site.get('/', (c) => c.text('hello'));
 * site.route('/', holdfast);
 * export { ContainerProxy, Sandbox } from 'holdfast/worker';
 * export default site;
 */
export const app = new Hono<AppEnv>();

app.use(async (c, next) => {
  c.set('requestId', idFromFront(c) ?? crypto.randomUUID());
  assertFirstArrival(c);
  await next();
  // A copy would lose its WebSocket.
  if (c.res.webSocket) return;
  if (c.res.status >= 400) await dropBody(c.req.raw);
  if (!c.res.headers.has('x-request-id')) c.header('x-request-id', c.get('requestId'));
});

app.use(async (c, next) => (await answerPreview(c)) ?? next());

app.get('/health', (c) => c.json({ status: 'ok', version }));
app.route('/', apiRoutes);

app.post('/departed/:sandbox', async (c, next) => {
  if (!isFromFront(c)) return next();
  await c.env.SANDBOX.getByName(c.req.param('sandbox')).departed(await c.req.json<string[]>());
  return c.body(null, 204);
});

app.use(async (c, next) => {
  const inOpenSandbox = dialectOf(restOf(c.req.path)) === 'openSandbox';
  const credential = credentialOf(c.req.raw.headers, inOpenSandbox);
  c.set('caller', await authenticate(credential, c.env.HOLDFAST_API_KEY, Date.now()));
  const { pathname } = new URL(c.req.url);
  // What is for a server in the sandbox is that server's to make sense of.
  if (portCall(restOf(pathname))) return next();
  assertDecodable(pathname);
  // Hono answers HEAD with the GET route and drops the body, which would leave a stream open behind it.
  if (c.req.method === 'HEAD') throw notFound('HEAD', c.req.path);
  await next();
});

app.route('/v1/sandboxes/:sandbox', sandboxRoutes);
app.route('/v1/sandboxes/:sandbox', previewRoutes);
app.route('/v1/sandboxes/:sandbox', portRoutes);
app.route('/v1/sandboxes/:sandbox', operationRoutes);
app.route('/v1/sandboxes/:sandbox', dialectRoutes);
app.route('/v1/sandboxes/:sandbox', pollingRoutes);

app.notFound((c) => answerError(notFound(c.req.method, c.req.path), c));
app.onError((error, c) => answerError(error, c));

const answerError = (error: unknown, c: Context<AppEnv>) =>
  errorResponse(error, c.get('requestId'), restOf(c.req.path), c.req.header('authorization'));

const restOf = (path: string) => sandboxPath(path)?.rest ?? '';

const notFound = (method: string, path: string) =>
  new HoldfastError(
    'NOT_FOUND',
    `There is no ${method} ${path.slice(0, 200)} here; docs/PROTOCOL.md lists the calls.`,
  );

function assertDecodable(pathname: string): void {
  try {
    decodeURIComponent(pathname);
  } catch {
    throw new HoldfastError(
      'INVALID_REQUEST',
      'The path holds a % that is not a percent-encoded byte of UTF-8.',
    );
  }
}

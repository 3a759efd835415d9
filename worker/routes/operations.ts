// Every operation of the protocol's table: who may call it, what its path and body must be, and on it goes.
import { type Context, Hono } from 'hono';
import {
  BODY_END_HEADER,
  BODY_LENGTH_HEADER,
  bodyMark,
  CommandId,
  HoldfastError,
  isSocketUpgrade,
  OPERATIONS,
  type Operation,
  parseAs,
  queryValue,
  SessionId,
  StdinRequest,
  TerminalId,
  withBodyMark,
} from '#protocol';
import type { AppEnv } from '../app.ts';
import { parseBody } from '../http/parse-body.ts';
import { readBody } from '../http/read-body.ts';
import { admit, forward } from './forward.ts';

export const operationRoutes = new Hono<AppEnv>();

for (const operation of Object.values<Operation>(OPERATIONS)) {
  operationRoutes.on(operation.method, operation.path, async (c, next) => {
    if (operation.socket && !isSocketUpgrade(c.req.header('upgrade'))) return next();
    // With secrets in it output is for those who could print them themselves.
    const isRaw = /^(true|1)$/.test(c.req.query('raw') ?? '');
    const sandbox = admit(c, isRaw ? 'write' : operation.access);
    const rest = checkedPath(c, operation.path);
    if (operation.query) parseAs(operation.query, queryValue(new URL(c.req.url).searchParams), 'the query');
    if (operation.bytesBody) return forward(c, sandbox, rest, ...wholeBody(c.req.raw));
    return forward(c, sandbox, rest, await checkedBody(c.req.raw, operation));
  });
}

/** The operation's path with the caller's ids in it, each one checked. */
function checkedPath(c: Context<AppEnv>, path: string): string {
  return path.replace(/:(\w+)/g, (_, name: string) => {
    const value = c.req.param(name);
    if (name === 'session') return parseAs(SessionId, value, 'session');
    if (name === 'process') return parseAs(CommandId, value, 'process');
    if (name === 'command') return parseAs(CommandId, value, 'command');
    if (name === 'terminal') return parseAs(TerminalId, value, 'terminal');
    if (name === 'stream' && value !== 'stdout' && value !== 'stderr') {
      throw new HoldfastError('NOT_FOUND', 'A command has the outputs stdout and stderr.');
    }
    return encodeURIComponent(value ?? '');
  });
}

/** The body as it comes, and how the engine can tell that it came whole. */
function wholeBody(request: Request): [body: BodyInit | null, headers: Record<string, string>] {
  const { body, headers } = request;
  const length = headers.get('content-length');
  if (length !== null || !body) return [body, { [BODY_LENGTH_HEADER]: length ?? '0' }];
  if (headers.has(BODY_END_HEADER)) return [body, {}];
  const mark = bodyMark();
  return [withBodyMark(body, mark), { [BODY_END_HEADER]: mark }];
}

/** What to send on: the caller's own bytes once they were found valid, `{}` for none, raw stdin as a stream. */
async function checkedBody(request: Request, operation: Operation): Promise<BodyInit | null> {
  if (operation.method === 'GET') return null;
  const isJson = /^application\/json\b/i.test(request.headers.get('content-type') ?? '');
  if (operation.rawBody && !isJson) return request.body;
  const bytes = await readBody(request);
  const schema = operation.rawBody ? StdinRequest : operation.body;
  if (!schema) return null;
  parseBody(schema, bytes);
  return bytes.length === 0 ? '{}' : bytes;
}

// The HTTP API as an OpenAPI 3.1 document: from the protocol's table and schemas, and what the operations answer.

import * as protocol from '#protocol';
import { ERRORS, type ErrorCode, OPERATIONS, type Operation, type OperationName } from '#protocol';
import { ANSWERS, type Answer, type Result } from './answers.ts';
import { type JsonSchema, protocolSchemas, refTo } from './schemas.ts';
import { WORKER_OPERATIONS, type WorkerOperation } from './worker-operations.ts';

type Json = Record<string, unknown>;
type Described = Pick<Operation, 'query' | 'rawBody' | 'bytesBody'> & { body?: object };

const INTRODUCTION = `Bash sessions that hold, for AI agents and apps.

Bodies are JSON, at most 4 MiB, unless said otherwise; an empty one is \`{}\`; unknown fields are refused by name. The
engine serves the same paths without \`/v1/sandboxes/{sandbox}\`, and its own document beside them.

**Requests to servers in the sandbox** go to \`/v1/sandboxes/{sandbox}/ports/{port}/...\`: any method, and WebSockets.

**Dialects.** Existing clients of two other APIs work unchanged below the sandbox's path: OpenSandbox's execd sessions
(\`POST /session\`, \`POST /session/{id}/run\`, \`DELETE /session/{id}\`, \`GET /ping\`, with the header
\`X-EXECD-ACCESS-TOKEN\`), and polled processes (\`/api/sdk/...\`, \`/api/connectors/...\`). docs/PROTOCOL.md describes them.`;

/** What any call can be refused with. */
const ALWAYS: ErrorCode[] = [
  'INVALID_REQUEST',
  'UNAUTHORIZED',
  'FORBIDDEN',
  'CONTAINER_UNAVAILABLE',
  'INTERNAL',
];

/** The document of the Worker. */
export function openApiDocument(version: string): Json {
  const schemas = protocolSchemas();
  const paths: Record<string, Json> = {
    '/health': { get: { tags: ['Sandbox'], ...health() } },
  };
  const add = (id: string, method: string, path: string, operation: Described, answer: Answer) => {
    const at = path.replace(/:(\w+)/g, '{$1}');
    paths[at] ??= {};
    paths[at][method.toLowerCase()] ??= described(id, at, operation, answer, schemas);
  };
  for (const [id, operation] of Object.entries<WorkerOperation>(WORKER_OPERATIONS)) {
    add(id, operation.method, operation.path, operation, operation);
  }
  for (const [id, operation] of Object.entries<Operation>(OPERATIONS)) {
    const path = `/v1/sandboxes/:sandbox${operation.path}`;
    add(id, operation.method, path, operation, ANSWERS[id as OperationName]);
  }
  const used = reachable(paths, schemas);
  return {
    openapi: '3.1.1',
    info: {
      title: 'Holdfast',
      version,
      description: INTRODUCTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    tags: [...new Set(Object.values(paths).flatMap(tagsOf))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'The API key, or a token for one sandbox that may read or write.',
        },
      },
      schemas: Object.fromEntries(used),
    },
  };
}

function described(
  id: string,
  path: string,
  operation: Described,
  answer: Answer,
  schemas: Map<string, JsonSchema>,
) {
  const { tag, summary, description, results, errors } = answer;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: pathSchema(name!),
  }));
  const query = operation.query ? nameOf(operation.query) : undefined;
  const { properties = {}, required = [] } = (query && schemas.get(query)) || {};
  const inQuery = Object.entries(properties).map(([name, { description: about, ...schema }]) => ({
    name,
    in: 'query',
    ...(about ? { description: about } : {}),
    required: required.includes(name),
    schema,
  }));
  const loose = Object.entries(answer.parameters ?? {}).map(([name, [type, about]]) => ({
    name,
    in: 'query',
    description: about,
    schema: { type },
  }));
  const headers = Object.entries(answer.headers ?? {}).map(([name, about]) => ({
    name,
    in: 'header',
    description: about,
    schema: { type: 'string' },
  }));
  const body = bodyOf(operation);
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description ? { description } : {}),
    parameters: [...inPath, ...inQuery, ...loose, ...headers],
    ...(body ? { requestBody: body } : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(results).map(([status, result]) => [status, responseOf(status, result)]),
      ),
      ...errorResponses([...ALWAYS, ...errors]),
    },
  };
}

function bodyOf({ body, rawBody, bytesBody }: Described): Json | undefined {
  const bytes = { 'application/octet-stream': {} };
  if (bytesBody) return { required: true, content: bytes };
  if (rawBody) return { content: { ...bytes, 'application/json': { schema: refTo('StdinRequest') } } };
  return body && { required: true, content: { 'application/json': { schema: refTo(nameOf(body)) } } };
}

function responseOf(status: string, result: Result): Json {
  if (result === null) return { description: status === '101' ? 'The WebSocket' : 'Done' };
  if ('bytes' in result) {
    const headers = Object.entries(result.headers ?? {}).map(([name, description]) => [
      name,
      { description, schema: { type: 'string' } },
    ]);
    return {
      description: status === '206' ? 'The range' : 'The bytes',
      ...(headers.length > 0 ? { headers: Object.fromEntries(headers) } : {}),
      content: Object.fromEntries(result.bytes.map((type) => [type, {}])),
    };
  }
  const json = 'json' in result ? { 'application/json': { schema: refTo(result.json) } } : {};
  const events = result.events ? { 'text/event-stream': eventStream(result.events) } : {};
  return { description: 'The answer', content: { ...json, ...events } };
}

/** OpenAPI has no word for the events of a stream: their names and schemas are an extension. */
function eventStream(events: Record<string, string>): Json {
  const named = Object.entries(events).map(([name, schema]) => [name, refTo(schema)]);
  return {
    schema: {
      type: 'string',
      description: 'Server-sent events; `data` is JSON. A comment keeps a silent stream alive.',
    },
    ...(named.length > 0 ? { 'x-events': Object.fromEntries(named) } : {}),
  };
}

function errorResponses(codes: ErrorCode[]): Json {
  const byStatus = Map.groupBy(codes, (code) => ERRORS[code].status);
  const responses = [...byStatus].sort(([a], [b]) => a - b);
  return Object.fromEntries(
    responses.map(([status, found]) => [
      status,
      { description: found.join(', '), content: { 'application/json': { schema: refTo('ErrorBody') } } },
    ]),
  );
}

function health(): Json {
  return {
    operationId: 'health',
    summary: 'Whether it answers',
    security: [],
    responses: {
      200: { description: 'The answer', content: { 'application/json': { schema: refTo('Health') } } },
    },
  };
}

function pathSchema(name: string): JsonSchema {
  const known: Record<string, string> = {
    sandbox: 'SandboxName',
    session: 'SessionId',
    command: 'CommandId',
    process: 'CommandId',
    terminal: 'TerminalId',
  };
  if (name === 'stream') return { type: 'string', enum: ['stdout', 'stderr'] };
  return known[name] ? refTo(known[name]) : { type: 'string' };
}

/** Under which name the protocol exports a schema. */
function nameOf(schema: object): string {
  const [name] = Object.entries(protocol).find(([, value]) => value === schema) ?? [];
  if (!name) throw new Error('a schema of an operation is not exported by the protocol');
  return name;
}

/** The schemas that something refers to, by name. */
function reachable(paths: object, schemas: Map<string, JsonSchema>): [string, JsonSchema][] {
  const found = new Set<string>();
  const look = (value: object) => {
    for (const [, name = ''] of JSON.stringify(value).matchAll(/#\/components\/schemas\/(\w+)"/g)) {
      const schema = schemas.get(name);
      if (!schema || found.has(name)) continue;
      found.add(name);
      look(schema);
    }
  };
  look(paths);
  return [...schemas].filter(([name]) => found.has(name)).sort(([a], [b]) => (a < b ? -1 : 1));
}

const tagsOf = (path: Json): string[] =>
  Object.values(path).flatMap((operation) => (operation as { tags: string[] }).tags);
